import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Binding } from '../binding.js';
import type { Computer, Values } from '../computer.js';
import type { CompiledFunction } from './compile.js';
import { savedModel, TYPE } from './graph.js';

type Made = ReturnType<Binding['runSavedModel']>[number];

export interface Output {
  readonly values: Float32Array | Int32Array | Uint8Array;
  readonly shape: readonly number[];
  readonly dtype: 'float32' | 'int32' | 'bool';
}

/** A compiled function in TensorFlow, for one thread. It needs the bare binding, nothing of tfjs. */
export class Session implements Computer {
  readonly #binding: Binding;
  readonly #compiled: CompiledFunction;
  readonly #id: number;

  /**
   * TensorFlow reads the file once, here. `device`: TensorFlow's name of the one to run on, which
   * has to be there; null: the processor.
   */
  constructor(binding: Binding, compiled: CompiledFunction, device: string | null = null) {
    const folder = mkdtempSync(join(tmpdir(), 'lockstep-graph-'));
    const file = device === null ? compiled.file : savedModel(compiled.nodes, device);
    try {
      writeFileSync(join(folder, 'saved_model.pb'), file);
      this.#id = binding.loadSavedModel(folder, 'serve');
    } finally {
      rmSync(folder, { recursive: true });
    }
    this.#binding = binding;
    this.#compiled = compiled;
  }

  /** `inputs`: one array for each input of the graph. Copies each output into its array. */
  run(batch: number, inputs: readonly Values[], outputs: readonly Values[]): void {
    this.#run(batch, inputs, (made) => {
      made.forEach(({ id }, i) => {
        this.#binding.copyTensorData(id, outputs[i]!);
      });
    });
  }

  /** The same, with new arrays for the outputs, of whatever shape they have. */
  call(batch: number, inputs: readonly Values[]): readonly Output[] {
    const names = {
      [TYPE.float32]: 'float32',
      [TYPE.int32]: 'int32',
      [TYPE.bool]: 'bool',
    } as const;
    return this.#run(batch, inputs, (made) =>
      made.map(({ id, shape, dtype }) => ({
        values: this.#binding.tensorDataSync(id),
        shape,
        dtype: names[dtype as keyof typeof names],
      })),
    );
  }

  #run<T>(batch: number, inputs: readonly Values[], use: (made: readonly Made[]) => T): T {
    const binding = this.#binding;
    const { inputs: declared, outputs: names } = this.#compiled;
    const given: number[] = [];
    const inputNames = declared.map(({ name }) => `${name}:0`).join(',');
    try {
      inputs.forEach((values, i) => {
        const { shape, type } = declared[i]!;
        const sizes = shape.map((size) => (size === -1 ? batch : size));
        given.push(binding.createTensor(sizes, type, values));
      });
      const made = binding.runSavedModel(this.#id, given, inputNames, names.join(','));
      try {
        return use(made);
      } finally {
        for (const { id } of made) binding.deleteTensor(id);
      }
    } finally {
      for (const id of given) binding.deleteTensor(id);
    }
  }

  close(): void {
    this.#binding.deleteSavedModel(this.#id);
  }
}

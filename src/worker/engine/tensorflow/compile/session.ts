import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Binding } from '../binding.js';
import type { Computer, Values } from '../computer.js';
import type { CompiledFunction } from './compile.js';

/** A compiled function in TensorFlow, for one thread. It needs the bare binding, nothing of tfjs. */
export class Session implements Computer {
  readonly #binding: Binding;
  readonly #compiled: CompiledFunction;
  readonly #id: number;

  /** TensorFlow reads the file once, here. */
  constructor(binding: Binding, compiled: CompiledFunction) {
    const folder = mkdtempSync(join(tmpdir(), 'lockstep-graph-'));
    try {
      writeFileSync(join(folder, 'saved_model.pb'), compiled.file);
      this.#id = binding.loadSavedModel(folder, 'serve');
    } finally {
      rmSync(folder, { recursive: true });
    }
    this.#binding = binding;
    this.#compiled = compiled;
  }

  /** `inputs`: one array for each input of the graph. Copies each output into its array. */
  run(batch: number, inputs: readonly Values[], outputs: readonly Values[]): void {
    const binding = this.#binding;
    const { inputs: declared, outputs: names } = this.#compiled;
    const given = inputs.map((values, i) => {
      const { shape, type } = declared[i]!;
      const sizes = shape.map((size) => (size === -1 ? batch : size));
      return binding.createTensor(sizes, type, values);
    });
    const inputNames = declared.map(({ name }) => `${name}:0`).join(',');
    try {
      const made = binding.runSavedModel(this.#id, given, inputNames, names.join(','));
      try {
        made.forEach(({ id }, i) => {
          binding.copyTensorData(id, outputs[i]!);
        });
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

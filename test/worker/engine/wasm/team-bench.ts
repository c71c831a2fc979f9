import type { LayersModel } from '@tensorflow/tfjs-layers';
import { rowLayout } from '#src/shared/model/layout.js';
import type { MicroBatch } from '#src/worker/engine/engine.js';
import { Binder } from '#src/worker/engine/wasm/bind.js';
import { wasmEngine } from '#src/worker/engine/wasm/engine.js';
import { instantiateKernels, loadKernels } from '#src/worker/engine/wasm/module.js';
import type { Plan } from '#src/worker/engine/wasm/plan/plan.js';
import type { WasmProgram } from '#src/worker/engine/wasm/program.js';
import { samplesOf, teamRunner } from '#src/worker/engine/wasm/team.js';
import { imageOf, randomWeights } from './harness.js';

/** Who goes first, of all that make a call at the same time. */
export type Order = 'leader first' | 'leader last';

export const ORDERS: readonly Order[] = ['leader first', 'leader last'];

/**
 * A team without threads: after each other, in a given order, all do their shares of a call, then
 * all of the next. What one may not read before another has written it shows in the row.
 */
export class TeamBench {
  private constructor(
    readonly program: WasmProgram,
    private readonly arena: WebAssembly.Memory,
    private readonly at: Readonly<Record<'weights' | 'row' | 'shared', number>>,
    private readonly regions: readonly number[],
    private readonly weights: Float32Array,
    private readonly rowLength: number,
    private readonly kernels: ReturnType<typeof instantiateKernels>,
  ) {}

  static async create(
    model: LayersModel,
    options: { readonly microBatch: number; readonly most: number; readonly fastMath: boolean },
  ): Promise<TeamBench> {
    const layout = rowLayout(model);
    const { microBatch, most, fastMath } = options;
    const { payload, memory } = await wasmEngine.build({
      model,
      layout,
      image: imageOf(model),
      classes: model.outputs[0]!.shape[1]!,
      microBatch,
      seed: 7,
      labelSmoothing: 0,
      fastMath,
    });
    let top = 1024;
    const take = (bytes: number): number => {
      const address = top;
      top += Math.ceil(bytes / 64) * 64 + 64;
      return address;
    };
    const at = {
      weights: take(layout.weightsLength * 4),
      row: take(layout.rowLength * 4),
      shared: take(memory.sharedBytes),
    };
    const regions = Array.from({ length: most }, () => take(memory.threadBytes));
    const pages = Math.ceil(top / 65536);
    const arena = new WebAssembly.Memory({ initial: pages, maximum: pages, shared: true });
    const program = payload as WasmProgram;
    const { module } = await loadKernels(program.kernels.build);
    const kernels = instantiateKernels(module, arena);
    const weights = randomWeights(layout, 1);
    return new TeamBench(program, arena, at, regions, weights, layout.rowLength, kernels);
  }

  /** The row of a micro-batch, byte by byte, by a team of so many; `plan` may be a spoilt one. */
  row(batch: MicroBatch, parts: number, order: Order, plan: Plan = this.program.plan): Uint8Array {
    const { buffer } = this.arena;
    const { staged, imageBytes } = plan;
    // What memory holds at first must not matter.
    new Float32Array(buffer).fill(NaN);
    new Float32Array(buffer, this.at.weights, this.weights.length).set(this.weights);
    const [region] = this.regions as [number];
    new Uint8Array(buffer, region + staged.pixels, batch.pixels.length).set(batch.pixels);
    new Uint16Array(buffer, region + staged.labels, batch.size).set(batch.labels);
    new Uint32Array(buffer, region + staged.samples, batch.size).set(batch.samples);

    const { weights, shared } = this.at;
    const calls = [...plan.forward, ...plan.backward.flatMap((stage) => stage.calls)];
    const team = Array.from({ length: parts }, (_, part) => {
      const regions = { arena: this.arena, weights, shared, thread: this.regions[part]!, index: 0 };
      const fixed = { kernels: this.kernels, regions, staged, imageBytes, seed: 7 };
      const preparing = new Binder(fixed);
      const prepare = preparing.bind(plan.prepare);
      preparing.fill('part', part);
      preparing.fill('parts', parts);
      const binder = new Binder(fixed);
      const bound = binder.bind(calls);
      const [first, end] = samplesOf(batch.size, part, parts);
      binder.fillPlaces(region, first);
      binder.fill('batch', batch.size);
      binder.fill('size', end - first);
      binder.fill('part', part);
      binder.fill('parts', parts);
      binder.fill('add', 0);
      binder.fill('step', batch.step);
      binder.fill('row', this.at.row);
      binder.fillMomentumTerms(batch.index, batch.count);
      const run = teamRunner({ place: part, size: parts, region, meet: () => true }, batch.size);
      return { prepare, bound, run };
    });
    if (order === 'leader last') team.reverse();
    for (const { prepare, run } of team) run(prepare);
    for (let i = 0; i < calls.length; i++) {
      for (const { bound, run } of team) run([bound[i]!]);
    }
    return new Uint8Array(buffer, this.at.row, this.rowLength * 4).slice();
  }
}

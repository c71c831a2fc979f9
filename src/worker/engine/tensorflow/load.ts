import { javascriptDraws } from '../../../shared/numerics/javascript-draws.js';
import type { FourBlocks } from '../../../shared/numerics/dropout-mask.js';
import { momentumTerm } from '../../../shared/numerics/momentum-term.js';
import { allSlots } from '../../../shared/numerics/row-layout.js';
import { drawMasks, siteLength } from '../drop-masks.js';
import type { ComputeEngine, EngineModule, MicroBatch } from '../engine.js';
import { instantiateKernels, loadKernels } from '../wasm/module.js';
import { Session } from './compile/session.js';
import type { Computer } from './computer.js';
import { readInstallation } from './install/status.js';
import { loadBinding } from './load-binding.js';
import type { Computation, TensorflowProgram } from './program.js';

/** Bytes of pixels as the model sees them. */
const FRACTIONS = Float32Array.from({ length: 256 }, (_, byte) => byte / 255);

/** The compute-thread side: sessions on the bare binding, which read weights out of the arena. */
export const load: EngineModule['load'] = async (built, regions) => {
  const { arena, weights: base, thread, index } = regions;
  const program = built.payload as TensorflowProgram;
  const { layout, sites, classes, image, microBatch, seed } = program;
  const imageLength = image.height * image.width * image.channels;
  const { step, inference } = await computers(program, index);
  const fourBlocks = sites.length === 0 ? undefined : await kernelDraws(arena, thread);
  const draws = ({ step, index }: MicroBatch) => javascriptDraws(seed, step, index);
  const floats = (address: number, length: number) =>
    new Float32Array(arena.buffer, address, length);
  // The arena never grows. Slots without elements would be views of nothing, and are none.
  const weights = allSlots(layout).map(({ offset, length }) => floats(base + 4 * offset, length));
  const images = new Float32Array(microBatch * imageLength);
  const labels = new Int32Array(microBatch);
  const masks = sites.map(({ shape }) => new Float32Array(microBatch * siteLength(shape)));
  const loss = new Float32Array(1);
  const correct = new Float32Array(1);
  const statistics = layout.moving.map(({ length }) => new Float32Array(length));

  const samples = ({ pixels, labels: given, size }: MicroBatch) => {
    for (let i = 0; i < size * imageLength; i++) images[i] = FRACTIONS[pixels[i]!]!;
    labels.set(given.subarray(0, size));
    return [images.subarray(0, size * imageLength), labels.subarray(0, size)];
  };

  const engine: ComputeEngine = {
    prepare: () => undefined,

    gradients(batch, row, watermark) {
      const drawn = sites.map((site, i) => {
        const mask = masks[i]!.subarray(0, batch.size * siteLength(site.shape));
        drawMasks(mask, site, batch, seed, fourBlocks);
        return mask;
      });
      const gradients = layout.trainable.map(({ offset, length }) =>
        floats(row + 4 * offset, length),
      );
      const inputs = [...samples(batch), ...drawn, ...weights];
      const outputs = [loss, correct, ...gradients, ...statistics];
      step.run(batch.size, inputs, outputs, draws(batch));
      layout.moving.forEach(({ offset, length, momentum }, i) => {
        const term = momentumTerm(momentum, batch.index, batch.count);
        floats(row + 4 * offset, length).set(statistics[i]!.map((value) => term * value));
      });
      floats(row, layout.rowLength)[layout.lossOffset] = loss[0]!;
      watermark(layout.rowLength, correct[0]!);
      return correct[0]!;
    },

    evaluate(batch) {
      const probabilities = new Float32Array(batch.size * classes);
      const outputs = [loss, correct, probabilities];
      inference.run(batch.size, [...samples(batch), ...weights], outputs, draws(batch));
      return { lossSum: loss[0]!, correct: correct[0]! };
    },

    predict(batch, out) {
      const outputs = [loss, correct, out];
      inference.run(batch.size, [...samples(batch), ...weights], outputs, draws(batch));
    },
  };
  return engine;
};

/** The random words of dropout masks by the kernel of `wasm`. `scratch`: address of 64 bytes. */
async function kernelDraws(arena: WebAssembly.Memory, scratch: number): Promise<FourBlocks> {
  const { module } = await loadKernels('plain');
  const draw = instantiateKernels(module, arena)['philoxFourBlocks']!;
  const words = new Uint32Array(arena.buffer, scratch, 16);
  return (...key) => {
    draw(scratch, ...key);
    return words;
  };
}

/**
 * Sessions for what was compiled; for the rest TensorFlow.js itself, which is loaded for it alone.
 * `thread`: its number; threads take the GPUs in turn.
 */
async function computers(
  program: TensorflowProgram,
  thread: number,
): Promise<{ readonly step: Computer; readonly inference: Computer }> {
  const there = readInstallation(process.env, program.variant);
  const { binding, installation } = await loadBinding(process.env, there);
  const { devices } = program;
  const device = devices.length === 0 ? null : devices[thread % devices.length]!;
  // Only single operations: a graph is fed from the processor's memory, and names its device.
  if (device !== null && program.layers !== null) binding.useDevice(device);
  const eager =
    program.layers === null
      ? null
      : await (
          await import('./op-by-op.js')
        ).opByOp(binding, installation.folder, program, program.layers);
  const computer = (name: 'step' | 'inference'): Computer => {
    const computation: Computation = program[name];
    return computation.kind === 'compiled'
      ? new Session(binding, computation.compiled, device)
      : eager![name];
  };
  return { step: computer('step'), inference: computer('inference') };
}

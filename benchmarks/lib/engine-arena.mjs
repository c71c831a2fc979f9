/** A run's engine on memory of its own, without the threads, the data's order and the run around it. */
import { prepareRun, trainerSetup } from '../../dist/local/prepare-run.js';
import { allocateArena } from '../../dist/worker/threads/arena.js';
import { planTrainerArena } from '../../dist/worker/trainer.js';

/** @param {object} config as of `train`; the arena holds the initial weights. */
export async function engineArena(config) {
  const run = await prepareRun(config, {});
  const setup = trainerSetup(run);
  const arenaPlan = planTrainerArena(setup);
  const arena = allocateArena(arenaPlan);
  new Float32Array(arena.buffer, arenaPlan.weights, run.layout.weightsLength).set(
    run.initialWeights,
  );
  return { run, setup, arenaPlan, arena };
}

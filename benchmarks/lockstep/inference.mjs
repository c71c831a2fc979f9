/**
 * Lockstep's evaluation as a contender: inference over the 10,000 test images on so many threads,
 * losses and accuracy included. `run N` makes N passes.
 */
import { createInterface } from 'node:readline';
import { parseArgs } from 'node:util';
import { prepareRun, trainerSetup } from '../../dist/local/prepare-run.js';
import { Trainer } from '../../dist/worker/trainer.js';

const { values } = parseArgs({
  options: {
    model: { type: 'string' },
    threads: { type: 'string' },
    'micro-batch': { type: 'string', default: '128' },
    'fast-math': { type: 'boolean', default: false },
  },
});
const say = (message) => process.stdout.write(`${JSON.stringify(message)}\n`);
const microBatch = Number(values['micro-batch']);
const run = await prepareRun(
  {
    model: values.model,
    batchSize: 2 * microBatch,
    microBatch,
    threads: Number(values.threads),
    fastMath: values['fast-math'],
    seed: 1,
  },
  {},
);
const trainer = await Trainer.open({
  ...trainerSetup(run),
  parts: false,
  predicts: false,
  onRepair: (fault) => process.stderr.write(`${fault.message}\n`),
  hook: null,
});
trainer.begin(run.initialWeights);
const TEST = 1;
const { count } = run.data.test;
say({ ready: true, ...values });
for await (const line of createInterface({ input: process.stdin })) {
  const [command, passes] = line.split(' ');
  if (command === 'quit') break;
  const from = performance.now();
  let correct = 0;
  for (let pass = 0; pass < Number(passes); pass++) {
    const pieces = await trainer.evaluate(TEST, 0);
    correct = pieces.correct.reduce((a, b) => a + b, 0);
  }
  const seconds = (performance.now() - from) / 1000;
  say({ seconds, samples: Number(passes) * count, correct });
}
await trainer.close();

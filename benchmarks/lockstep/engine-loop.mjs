/**
 * Nothing but engine calls, as a contender: so many threads, each taking its share of a step's
 * micro-batches over and over. No barrier, no reduction, no optimizer, no data set behind it, no
 * run. What a full run takes longer is what Lockstep adds to its engine.
 *
 * Every thread is given the same samples again and again; weights do not change.
 */
import { createInterface } from 'node:readline';
import { parseArgs } from 'node:util';
import { isMainThread, parentPort, Worker, workerData } from 'node:worker_threads';

if (isMainThread) await main();
else await thread();

async function main() {
  const { engineArena } = await import('../lib/engine-arena.mjs');
  const { values } = parseArgs({
    options: {
      model: { type: 'string' },
      batch: { type: 'string' },
      'micro-batch': { type: 'string' },
      threads: { type: 'string' },
      'fast-math': { type: 'boolean', default: false },
    },
  });
  const batch = Number(values.batch);
  const threads = Number(values.threads);
  const { run, setup, arenaPlan, arena } = await engineArena({
    model: values.model,
    batchSize: batch,
    microBatch: Number(values['micro-batch']),
    threads,
    fastMath: values['fast-math'],
    seed: 1,
  });
  const { program, engineModule, microBatch } = setup;
  const share = { arena, arenaPlan, program, engineModule, microBatch, batch, threads };
  const workers = Array.from(
    { length: threads },
    (_, index) =>
      new Worker(new URL(import.meta.url), {
        workerData: { ...share, index, set: run.data.train },
      }),
  );
  const all = (message) =>
    Promise.all(
      workers.map(
        (worker) =>
          new Promise((resolve, reject) => {
            worker.once('error', reject);
            worker.once('message', resolve);
            if (message !== null) worker.postMessage(message);
          }),
      ),
    );
  await all(null);
  const say = (message) => process.stdout.write(`${JSON.stringify(message)}\n`);
  say({ ready: true, ...values });
  for await (const line of createInterface({ input: process.stdin })) {
    const [command, steps] = line.split(' ');
    if (command === 'quit') break;
    const began = performance.now();
    await all(Number(steps));
    say({ seconds: (performance.now() - began) / 1000, samples: Number(steps) * batch });
  }
  process.exit(0);
}

async function thread() {
  const { evenCuts } = await import('../../dist/worker/threads/row-schedule.js');
  const { microBatchCount, microBatchRange } =
    await import('../../dist/shared/numerics/micro-batches.js');
  const { arena, arenaPlan, program, engineModule, microBatch, batch, threads, index, set } =
    workerData;
  const { load } = await import(engineModule);
  const engine = await load(program, {
    arena,
    weights: arenaPlan.weights,
    shared: arenaPlan.engineShared,
    thread: arenaPlan.threads[index].engine,
  });
  const count = microBatchCount(batch, microBatch);
  const cuts = evenCuts({ first: 0, end: count }, threads);
  const imageBytes = set.pixels.length / set.count;
  const work = [];
  for (let i = cuts[index]; i < cuts[index + 1]; i++) {
    const { first, end } = microBatchRange(batch, count, i);
    work.push({
      step: 0,
      index: i,
      count,
      size: end - first,
      pixels: set.pixels.slice(first * imageBytes, end * imageBytes),
      labels: set.labels.slice(first, end),
      samples: Uint32Array.from({ length: end - first }, (_, sample) => first + sample),
    });
  }
  engine.prepare(0, 1);
  parentPort.postMessage('ready');
  parentPort.on('message', (steps) => {
    for (let step = 0; step < steps; step++) {
      engine.prepare(index, threads);
      for (const item of work)
        engine.gradients(item, arenaPlan.threads[index].rows, () => undefined);
    }
    parentPort.postMessage('done');
  });
}

/**
 * A process that starts `threads` threads at once, `rounds` times: `node starts.js THREADS ROUNDS`.
 * Each loads the binding and its sessions when all have got there, and computes a step. Ends with
 * the line `rows N different N`: how many were made, and how many of them differ.
 */
import { once } from 'node:events';
import { Worker } from 'node:worker_threads';
import { smallNet } from '../support/small-runs.js';
import { buildEngine } from './engine-on-memory.js';
import type { Start } from './start-thread.js';

const [threads, rounds] = process.argv.slice(2).map(Number) as [number, number];
const digests: string[] = [];
const built = await buildEngine(smallNet(), { height: 28, width: 28, channels: 1 }, 4);
const { buffer } = built.regions.arena;
for (let round = 0; round < rounds; round++) {
  const gate = new Int32Array(new SharedArrayBuffer(4));
  const ends = Array.from({ length: threads }, async () => {
    // A row of its own for each.
    const pages = buffer.byteLength / 65536;
    const arena = new WebAssembly.Memory({ initial: pages, maximum: pages, shared: true });
    new Uint8Array(arena.buffer).set(new Uint8Array(buffer));
    const workerData: Start = { ...built, regions: { ...built.regions, arena }, gate, threads };
    const worker = new Worker(new URL('./start-thread.js', import.meta.url), { workerData });
    worker.on('message', (digest: string) => digests.push(digest));
    await once(worker, 'exit');
  });
  await Promise.all(ends);
}
process.stdout.write(`rows ${digests.length} different ${new Set(digests).size}\n`);

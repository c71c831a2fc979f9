import t from 'tap';
import { ALIGNMENT, placeBuffers, type Lifetime } from '#src/worker/engine/wasm/plan/memory.js';

void t.test('buffers that never live together share one place', async (t) => {
  const placement = placeBuffers([
    { bytes: 100, from: 0, to: 1 },
    { bytes: 128, from: 2, to: 3 },
  ]);
  t.same(placement, { offsets: [0, 0], bytes: 128 });
});

void t.test('buffers that meet in one moment stand side by side', async (t) => {
  const placement = placeBuffers([
    { bytes: 100, from: 0, to: 2 },
    { bytes: 128, from: 2, to: 3 },
    { bytes: 1, from: 3, to: 3 },
  ]);
  t.same(placement, { offsets: [0, 128, 0], bytes: 256 });
});

void t.test('a buffer fills a gap that others leave', async (t) => {
  const placement = placeBuffers([
    { bytes: 256, from: 0, to: 0 },
    { bytes: 192, from: 0, to: 1 },
    { bytes: 128, from: 1, to: 1 },
  ]);
  t.same(placement, { offsets: [0, 256, 0], bytes: 448 });
});

void t.test('no two buffers that live at once overlap, by brute force', async (t) => {
  const seed = Number(process.env['SEED'] ?? 20261121);
  t.comment(`seed ${seed}`);
  const random = generator(seed);
  for (let round = 0; round < 200; round++) {
    const buffers: Lifetime[] = Array.from({ length: 1 + random(40) }, () => {
      const from = random(20);
      return { bytes: 1 + random(2000), from, to: from + random(8) };
    });
    const { offsets, bytes } = placeBuffers(buffers);
    const faults: string[] = [];
    buffers.forEach((a, i) => {
      if (offsets[i]! % ALIGNMENT !== 0) faults.push(`${i} is not aligned`);
      if (offsets[i]! + a.bytes > bytes) faults.push(`${i} ends outside`);
      buffers.slice(0, i).forEach((b, j) => {
        const together = a.from <= b.to && b.from <= a.to;
        const apart = offsets[i]! + a.bytes <= offsets[j]! || offsets[j]! + b.bytes <= offsets[i]!;
        if (together && !apart) faults.push(`${i} and ${j} overlap`);
      });
    });
    const needed = Math.max(
      ...Array.from({ length: 28 }, (_, time) =>
        buffers
          .filter(({ from, to }) => from <= time && time <= to)
          .reduce((sum, buffer) => sum + buffer.bytes, 0),
      ),
    );
    if (bytes < needed) faults.push(`${bytes} bytes cannot hold ${needed}`);
    if (faults.length > 0) t.fail(`round ${round}: ${faults.join(', ')}`);
  }
  t.pass('200 rounds');
});

/** A small linear congruential generator: integers in [0, limit). */
function generator(seed: number): (limit: number) => number {
  let state = seed >>> 0;
  return (limit) => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return Math.floor((state / 4294967296) * limit);
  };
}

/**
 * All-reduce alone, as workers do it between them: rows cut in segments with their checksums, over
 * the WebSockets of the product, added in the order of the reduction tree. As a contender.
 *
 *   node allreduce.mjs --ranks N --elements E
 *
 * This process starts one process a rank and passes commands on; rank 0 times them. A "sample" is
 * one all-reduce. Before each command the ranks meet, so that nobody's start is timed.
 */
import { fork } from 'node:child_process';
import { createInterface } from 'node:readline';
import { parseArgs } from 'node:util';
import { loadKernels } from '../../dist/worker/engine/wasm/module.js';
import { PeerLinks } from '../../dist/worker/cluster/peer-links.js';
import { segmentCount, segmentRange } from '../../dist/shared/numerics/row-segments.js';
import { additions, rootOf } from '../../dist/shared/numerics/reduction-tree.js';
import { addTallies } from '../../dist/shared/protocol/control.js';
import { pieceChecksum } from '../../dist/shared/protocol/checksums.js';
import { RowExchange } from '../../dist/worker/rows/row-exchange.js';
import { SegmentMath } from '../../dist/worker/rows/segment-math.js';
import { Token } from '../../dist/shared/link/token.js';

const { values } = parseArgs({
  options: {
    ranks: { type: 'string' },
    elements: { type: 'string' },
    rank: { type: 'string' },
  },
});
const ranks = Number(values.ranks);
const elements = Number(values.elements);
const RUN = '0'.repeat(16);
const LINEAGE = 'f'.repeat(16);
const TOKEN = 'a token for a benchmark on loopback alone';

if (values.rank === undefined) await lead();
else await serve(Number(values.rank));

async function lead() {
  const say = (message) => process.stdout.write(`${JSON.stringify(message)}\n`);
  const children = Array.from({ length: ranks }, (_, rank) =>
    fork(process.argv[1], [...process.argv.slice(2), '--rank', String(rank)]),
  );
  const answers = (kind) =>
    Promise.all(
      children.map(
        (child) =>
          new Promise((resolve) => {
            const take = (message) => {
              if (message.kind !== kind) return;
              child.off('message', take);
              resolve(message);
            };
            child.on('message', take);
          }),
      ),
    );
  const tell = (message) => children.forEach((child) => child.send(message));
  const places = await answers('listening');
  const met = answers('met');
  tell({ kind: 'places', urls: places.map(({ url }) => url) });
  await met;
  say({ ready: true, ranks, elements });
  for await (const line of createInterface({ input: process.stdin })) {
    if (line === 'quit') break;
    const steps = Number(line.split(' ')[1]);
    const done = answers('done');
    tell({ kind: 'run', steps });
    const [first] = await done;
    say({ seconds: first.seconds, samples: steps });
  }
  for (const child of children) child.kill('SIGKILL');
  process.exit(0);
}

async function serve(rank) {
  const links = await PeerLinks.open(new Token(TOKEN), { host: '127.0.0.1', port: 0 }, false);
  const { module } = await loadKernels('plain');
  const count = segmentCount(elements, ranks);
  const range = (segment) => segmentRange(elements, count, segment);
  const name = (index) => `m${index}`;
  const root = rootOf(ranks);
  const row = Float32Array.from({ length: elements }, (_, i) => ((rank + 1) * (i % 1000)) / 1000);
  const layout = { rowLength: elements, trainableLength: elements, lossOffset: elements - 1 };
  const rows = new RowExchange({ reducedRow: new Float32Array(elements) }, layout, count, module);
  const math = new SegmentMath(module, Math.ceil(elements / count) + 16);
  const tally = { samples: 1, correct: 0, hash: 1n };
  const whole = Array.from({ length: ranks }, () => tally).reduce(addTallies);

  // By step: parts of the segments that are reduced here, and the sums of all.
  const works = new Map();
  const workOf = (step) => {
    if (!works.has(step)) {
      works.set(step, { parts: new Map(), sums: new Map(), wake: () => undefined });
    }
    return works.get(step);
  };

  function takePart(step, segment, node, payload) {
    const work = workOf(step);
    const parts = [...(work.parts.get(segment) ?? []), { node, payload }];
    work.parts.set(segment, parts);
    if (parts.length < ranks) return;
    const list = additions(
      parts.map((part) => part.node),
      root,
    );
    const { stored } = rows.reduce({
      ...{ step, lineage: LINEAGE, segment, inputs: parts },
      ...{ additions: list, tally: whole },
    });
    const piece = pieceOf(step, segment, root, whole, stored.payload);
    for (let to = 0; to < ranks; to++) {
      if (to !== rank) void links.send(name(to), rows.outward(piece));
    }
    takeSum(step, segment, stored.payload);
  }

  function takeSum(step, segment, payload) {
    const work = workOf(step);
    work.sums.set(segment, payload);
    if (work.sums.size === count) work.wake();
  }

  function pieceOf(step, segment, node, of, payload) {
    const named = { step, lineage: LINEAGE, node, segment };
    const checksum = pieceChecksum(named, of, payload.digest);
    return { kind: 'piece', run: RUN, from: name(rank), ...named, tally: of, checksum, payload };
  }

  function take(message) {
    const { message: piece, measured } = rows.inward(message);
    if (measured !== piece.checksum) throw new Error('a piece came damaged');
    const { step, segment, node, payload } = piece;
    const isSum = node.end - node.first === ranks;
    if (isSum) takeSum(step, segment, payload);
    else takePart(step, segment, node, payload);
  }

  let steps = 0;
  async function allReduce() {
    const step = steps++;
    const work = workOf(step);
    const over = new Promise((resolve) => (work.wake = resolve));
    if (work.sums.size === count) work.wake();
    const node = { first: rank, end: rank + 1 };
    for (let segment = 0; segment < count; segment++) {
      const { first, end } = range(segment);
      // As compute threads do it: the segment is digested where it was made.
      const bytes = new Uint8Array(row.slice(first, end).buffer);
      const payload = math.inspect(bytes, first);
      const owner = segment % ranks;
      if (owner === rank) takePart(step, segment, node, payload);
      else void links.send(name(owner), rows.outward(pieceOf(step, segment, node, tally, payload)));
    }
    await over;
    const payloads = Array.from({ length: count }, (_, segment) => work.sums.get(segment));
    rows.load(payloads);
    works.delete(step);
    return payloads;
  }

  process.on('message', async (message) => {
    if (message.kind === 'places') {
      links.begin(RUN, name(rank), {
        onMessage: take,
        askAddresses: () => {
          links.place(message.urls.map((url, index) => ({ member: name(index), url })));
        },
      });
      process.send({ kind: 'met' });
      return;
    }
    // The first one brings all to the same place.
    await allReduce();
    const began = performance.now();
    let sums = [];
    for (let i = 0; i < message.steps; i++) sums = await allReduce();
    const seconds = (performance.now() - began) / 1000;
    check(sums);
    process.send({ kind: 'done', seconds });
  });

  /** Element i of the sum is (1 + … + N)·(i mod 1000)/1000, to rounding. */
  function check(sums) {
    const { bytes } = sums[0];
    const sum = new Float32Array(bytes.buffer, bytes.byteOffset, bytes.length / 4);
    const factor = (ranks * (ranks + 1)) / 2;
    const isRight = (value, i) => Math.abs(value - (factor * (i % 1000)) / 1000) < 1e-3;
    if (!sum.every(isRight)) throw new Error('the sum is wrong');
  }

  process.send({
    kind: 'listening',
    url: `ws://127.0.0.1:${links.address.port}`,
  });
}

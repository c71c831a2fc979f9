import t from 'tap';
import { checkEngine, FAST_MATH_PROGRAM } from './check.js';
import { makeFixture } from './make-fixture.js';
import { nodeEngine } from './node-engine.js';
import { installPeers, nodeEngines } from './peers.js';

t.setTimeout(1_800_000);
await makeFixture(false);
await makeFixture(true);
const peers = await installPeers();
t.comment(peers.versions.join(', '));

for (const engine of nodeEngines(peers)) {
  await t.test(`Whole training steps give the golden bits in ${engine.name}`, (test) =>
    checkEngine(test, engine, 300_000),
  );
}

await t.test(
  'The flags reach the arithmetic: fast-math kernels show that FMA is off',
  async (test) => {
    const run = (...flags: string[]) =>
      nodeEngine({
        name: `node-24 ${flags.join(' ')}`,
        command: [peers.nodes['node-24'] ?? '', ...flags],
      }).run(FAST_MATH_PROGRAM, 300_000);
    const [fused, again, unfused] = [await run(), await run(), await run('--no-enable-fma3')];
    test.strictSame(fused, again, 'the same engine gives the same bits twice');
    test.notSame(fused, unfused, 'the check sees that sums are rounded in another way');
  },
);

import t from 'tap';
import { checkEngine } from './check.js';
import { makeFixture } from './make-fixture.js';
import { browserEngines, installPeers } from './peers.js';

t.setTimeout(1_800_000);
await makeFixture(false);
const peers = await installPeers();
t.comment(peers.versions.join(', '));

for (const engine of browserEngines(peers)) {
  await t.test(`Whole training steps give the golden bits in ${engine.name}`, (test) =>
    checkEngine(test, engine, 300_000),
  );
}

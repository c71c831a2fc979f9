import t from 'tap';
import { checkEngine } from './check.js';
import { makeFixture } from './make-fixture.js';
import { arm64Engine, installPeers } from './peers.js';

t.setTimeout(1_800_000);
await makeFixture(false);
const engine = arm64Engine(await installPeers());

await t.test(`Whole training steps give the golden bits in ${engine.name}`, (test) =>
  checkEngine(test, engine, 900_000),
);

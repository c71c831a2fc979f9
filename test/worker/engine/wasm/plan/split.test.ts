import t from 'tap';
import type { KernelCall } from '#src/worker/engine/wasm/plan/lowering.js';
import { checkSplit } from '#src/worker/engine/wasm/plan/split.js';

const OWN = { buffer: 0 };
const TEAMS = { buffer: 1 };

const check =
  (split: KernelCall['split'], ...args: KernelCall['args']) =>
  () => {
    checkSplit({ kernel: 'k', args, split }, ({ buffer }) => buffer === TEAMS.buffer);
  };

void t.test('a call that a team cannot share as it says is refused', (t) => {
  const refused: readonly (readonly [() => void, RegExp])[] = [
    [check('samples', TEAMS, ['batch'], ['row', 3]), /'samples' and writes to the row/],
    [check('samples', TEAMS), /'samples' and takes no number of samples/],
    [check('samples', TEAMS, ['batch'], ['part'], ['parts']), /'samples' and takes part/],
    [check('parts', TEAMS, ['batch']), /'parts' and takes no part/],
    [check('parts', ['part'], TEAMS), /'parts' and takes no part/],
    [check('alone', ['part'], ['parts'], TEAMS), /'alone' and takes part/],
    [check('each', TEAMS), /'each' and touches the team's memory/],
    [check('each', OWN, ['thread', 0, 0]), /'each' and touches/],
    [check('each', OWN, ['row', 0]), /'each' and touches/],
  ];
  for (const [call, message] of refused) t.throws(call, { message });
  t.end();
});

void t.test('what a team can share is let through', (t) => {
  check('samples', OWN, TEAMS, ['batch'], ['weight', 3])();
  check('parts', ['part'], ['parts'], TEAMS, ['row', 3])();
  check('alone', TEAMS, ['batch'], ['row', 3])();
  check('each', OWN, 3, ['weight', 1])();
  t.end();
});

import t from 'tap';
import type { Message } from '#src/shared/protocol/messages.js';
import type { MemberId } from '#src/shared/protocol/names.js';
import { encodeFrame } from '#src/shared/wire/frame.js';
import { quiet, type Scenario } from './scenario.js';
import { Simulation } from './simulation.js';

// What is said is counted, in frames as they go over the wire: twice the workers may cost a
// coordinator, and all workers together, twice the bytes, and no worker more than before.

class Counted extends Simulation {
  /** By kind: of the coordinator, and of all workers to it. */
  readonly said = new Map<string, number>();
  readonly heard = new Map<string, number>();

  constructor(
    scenario: Scenario,
    readonly window: readonly [number, number],
  ) {
    super(scenario);
  }

  override post(from: string, to: MemberId, message: Message): void {
    const counts = from === 'coordinator' ? this.said : this.heard;
    const [begin, end] = this.window;
    const isIn = begin <= this.clock.now && this.clock.now < end;
    if (isIn && (from === 'coordinator' || to === 'coordinator')) {
      const bytes = encodeFrame(message).length;
      counts.set(message.kind, (counts.get(message.kind) ?? 0) + bytes);
    }
    super.post(from, to, message);
  }
}

/** `window`: only what is said in these virtual milliseconds. */
function counted(
  workers: number,
  changes: Partial<Scenario> = {},
  window: readonly [number, number] = [0, Infinity],
): Counted {
  const model = { ...quiet(1).model, batchSize: 64, shortBatch: 40, microBatch: 1 };
  const scenario = quiet(1, { workers, model, segments: 3, ...changes });
  const simulation = new Counted(scenario, window);
  const { failure } = simulation.run();
  t.equal(failure, null, `${String(workers)} workers come to the end`);
  return simulation;
}

const total = (counts: ReadonlyMap<string, number>): number =>
  [...counts.values()].reduce((sum, bytes) => sum + bytes, 0);
const each = (counts: ReadonlyMap<string, number>): string =>
  [...counts].map(([kind, bytes]) => `${kind} ${String(bytes)}`).join(', ');

/** Bytes grow with workers^this at most; ranks and ids take a digit more. */
const MOST_GROWTH = 1.15;
const growth = (few: number, many: number, bytesOfFew: number, bytesOfMany: number): number =>
  Math.log(bytesOfMany / bytesOfFew) / Math.log(many / few);

t.test('A run costs the coordinator so much for each worker, however many there are', (t) => {
  const [few, many] = [12, 48];
  const [one, other] = [counted(few), counted(many)];
  t.comment(`${String(few)}: ${each(one.said)}; heard ${each(one.heard)}`);
  t.comment(`${String(many)}: ${each(other.said)}; heard ${each(other.heard)}`);
  const said = growth(few, many, total(one.said), total(other.said));
  const heard = growth(few, many, total(one.heard), total(other.heard));
  t.ok(said < MOST_GROWTH, `what it says grows with workers^${said.toFixed(2)}`);
  t.ok(heard < MOST_GROWTH, `what it hears grows with workers^${heard.toFixed(2)}`);
  t.end();
});

t.test('So do workers that join a run at work, all at once', (t) => {
  const model = { ...quiet(1).model, batchSize: 64, shortBatch: 40, microBatch: 1, steps: 12 };
  const [begins, lasts] = [60, 80];
  const storm = (joining: number): Counted => {
    const joins = Array.from({ length: joining }, (_, i) => begins + (lasts * i) / joining);
    return counted(2, { model, joins }, [begins, begins + lasts + 20]);
  };
  const [few, many] = [12, 48];
  const [one, other] = [storm(few), storm(many)];
  t.comment(`${String(few)}: ${each(one.said)}`);
  t.comment(`${String(many)}: ${each(other.said)}`);
  const grows = growth(few, many, total(one.said), total(other.said));
  t.ok(grows < MOST_GROWTH, `what the coordinator says grows with workers^${grows.toFixed(2)}`);
  const views = other.coordinators.map(({ state }) => state.view.number);
  t.ok(views[0]! <= 8, `${String(views[0])} views let ${String(many)} in`);
  t.end();
});

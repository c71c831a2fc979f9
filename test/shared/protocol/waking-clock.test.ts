import t from 'tap';
import { WakingClock } from '#src/shared/protocol/waking-clock.js';

void t.test('time that was slept through hardly counts', (t) => {
  let at = 100.4;
  const clock = new WakingClock(1000, () => at);
  t.equal(clock.now, 100);
  at = 350.4;
  t.equal(clock.read(), 350);
  at += 7000;
  t.equal(clock.now, 350, 'as last read');
  t.equal(clock.read(), 1350, 'seven seconds asleep');
  at += 250;
  t.equal(clock.read(), 1600);
  t.end();
});

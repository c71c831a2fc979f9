import t from 'tap';
import { ClockOffset } from '#src/shared/trace/clock-offset.js';

void t.test('the other clock is 500 ms ahead; 10 ms each way', (t) => {
  const offset = new ClockOffset();
  t.equal(offset.correction, 0, 'nothing is known');
  offset.take({ asked: 1000, received: 1510, sent: 1600, answered: 1110 });
  t.equal(offset.correction, -500);
  t.end();
});

void t.test('the exchange that was least delayed counts', (t) => {
  const offset = new ClockOffset();
  // 10 ms there, 90 ms back: off by half the difference.
  offset.take({ asked: 1000, received: 1510, sent: 1510, answered: 1100 });
  t.equal(offset.correction, -460);
  offset.take({ asked: 2000, received: 2502, sent: 2600, answered: 2104 });
  t.equal(offset.correction, -499);
  offset.take({ asked: 3000, received: 3550, sent: 3550, answered: 3055 });
  t.equal(offset.correction, -499, 'a slower one changes nothing');
  t.end();
});

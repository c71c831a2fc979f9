import t from 'tap';
import { SpanBuffer } from '#src/shared/trace/span-buffer.js';

void t.test('holds what comes until it is taken, and counts what is too much', (t) => {
  const buffer = new SpanBuffer();
  const span = { track: 'a', name: 'b', begin: 1, end: 2, facts: {} };
  for (let i = 0; i < 4096 + 5; i++) buffer.add({ ...span, begin: i });
  const first = buffer.take();
  t.equal(first.spans.length, 4096);
  t.equal(first.spans[4095]!.begin, 4095, 'the oldest are kept');
  t.equal(first.dropped, 5);
  buffer.add(span);
  t.strictSame(buffer.take(), { spans: [span], dropped: 5 });
  t.strictSame(buffer.take(), { spans: [], dropped: 5 });
  t.end();
});

import t from 'tap';
import {
  formatBytes,
  formatCount,
  formatDuration,
  formatFixed,
  formatPercent,
  formatRate,
} from '#src/shared/format.js';

t.test('counts have separators', async (t) => {
  t.equal(formatCount(0), '0');
  t.equal(formatCount(999), '999');
  t.equal(formatCount(60000), '60,000');
  t.equal(formatCount(1234567.4), '1,234,567');
});

t.test('durations take the two units that matter', async (t) => {
  const known = [
    [0.004, '0.00 s'],
    [9.994, '9.99 s'],
    [10, '10.0 s'],
    [59.94, '59.9 s'],
    [59.96, '1 min 00 s'],
    [130, '2 min 10 s'],
    [3599.6, '1 h 00 min'],
    [11100, '3 h 05 min'],
    [187200, '2 d 04 h'],
    [Infinity, 'unknown'],
    [NaN, 'unknown'],
  ] as const;
  for (const [seconds, text] of known) t.equal(formatDuration(seconds), text, String(seconds));
});

t.test('losses, shares, rates and bytes are short', async (t) => {
  t.equal(formatFixed(0.43491), '0.4349');
  t.equal(formatFixed(123456.7), '1.235e+5');
  t.equal(formatFixed(NaN), 'NaN');
  t.equal(formatPercent(0.92369), '92.37 %');
  t.equal(formatRate(12.34), '12.3');
  t.equal(formatRate(5432.1), '5,432');
  t.equal(formatBytes(64), '64 B');
  t.equal(formatBytes(4_312_345), '4.3 MB');
  t.equal(formatBytes(999_960), '1.0 MB');
});

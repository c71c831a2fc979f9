/**
 * Numbers and texts as people read them, in terminals and on pages; the same in every locale, and
 * never wider than they must be.
 */

/** 60,000 */
export function formatCount(value: number): string {
  return String(Math.round(value)).replace(/\B(?=(\d{3})+$)/g, ',');
}

/** 87.65 % */
export const formatPercent = (share: number): string => `${(share * 100).toFixed(2)} %`;

/** 0.3456, four digits behind the point; large ones shorter. */
export function formatFixed(loss: number): string {
  if (!Number.isFinite(loss)) return String(loss);
  return Math.abs(loss) < 1000 ? loss.toFixed(4) : loss.toPrecision(4);
}

/** 12,345; slow rates with a digit behind the point. */
export const formatRate = (rate: number): string =>
  rate < 100 ? rate.toFixed(1) : formatCount(rate);

/** 0.85 s, 12.3 s, 2 min 10 s, 3 h 05 min, 2 d 04 h */
export function formatDuration(seconds: number): string {
  if (!Number.isFinite(seconds)) return 'unknown';
  if (seconds < 10) return `${seconds.toFixed(2)} s`;
  if (seconds < 59.95) return `${seconds.toFixed(1)} s`;
  const whole = Math.round(seconds);
  const pair = (large: number, small: number, units: readonly [string, string]) =>
    `${String(large)} ${units[0]} ${String(small).padStart(2, '0')} ${units[1]}`;
  if (whole < 3600) return pair(Math.floor(whole / 60), whole % 60, ['min', 's']);
  const minutes = Math.round(seconds / 60);
  if (minutes < 1440) return pair(Math.floor(minutes / 60), minutes % 60, ['h', 'min']);
  const hours = Math.round(seconds / 3600);
  return pair(Math.floor(hours / 24), hours % 24, ['d', 'h']);
}

/** 4.3 MB: powers of ten. */
export function formatBytes(bytes: number): string {
  const units = ['B', 'kB', 'MB', 'GB', 'TB'];
  let value = bytes;
  let unit = 0;
  while (value >= 999.95 && unit < units.length - 1) {
    value /= 1000;
    unit++;
  }
  return unit === 0 ? `${String(bytes)} B` : `${value.toFixed(1)} ${units[unit]!}`;
}

/** At most `width` characters; what is longer ends in an ellipsis. */
export const cut = (text: string, width: number): string =>
  text.length <= width ? text : `${text.slice(0, width - 1)}…`;

/** `85 %`, of a share. */
export const formatWholePercent = (share: number): string => `${String(Math.round(share * 100))} %`;

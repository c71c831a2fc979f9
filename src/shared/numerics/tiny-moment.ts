/** Moments below this, 2^-100, are set to 0: they would stick at denormals for ever, slowly. */
export const TINY_MOMENT = 7.888609052210118e-31;

export const withoutTiny = (x: number): number => (Math.abs(x) >= TINY_MOMENT ? x : 0);

/** old·keep + fresh·rest in float32, the moving average of a moment: `rest` is 1 − keep. */
export function average(keep: number, old: number, rest: number, fresh: number): number {
  const f = Math.fround;
  return withoutTiny(f(f(keep * old) + f(rest * fresh)));
}

/** Numbers as reports show them. */
export const percent = (share: number): string => `${(share * 100).toFixed(2)} %`;
export const fixed = (value: number): string =>
  Math.abs(value) < 1000 ? value.toFixed(4) : value.toPrecision(4);
export const rate = (value: number): string => String(Number(value.toPrecision(4)));
export const count = (value: number): string =>
  String(Math.round(value)).replace(/\B(?=(\d{3})+$)/g, ',');

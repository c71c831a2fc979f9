/** `bytes`, which also tells when a quarter, half and three quarters of `total` are there. */
export function tellShares(
  bytes: () => number,
  total: number,
  say: (text: string) => void,
): () => number {
  let told = 0;
  return () => {
    const now = bytes();
    const share = Math.floor((4 * now) / total) / 4;
    if (share > told && share < 1) say(`${100 * share} % of ${Math.round(total / 1e6)} MB`);
    told = Math.max(told, share);
    return now;
  };
}

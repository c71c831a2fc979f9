/** `0-6,2-4` as pairs of labels. */
export const classPairsOf = (text: string): readonly (readonly [number, number])[] =>
  text.split(',').map((pair) => {
    const [a, b] = pair.split('-').map(Number);
    return [a!, b!];
  });

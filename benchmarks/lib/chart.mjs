/** Line charts as SVG text: a few curves over small whole numbers. */

const WIDTH = 560;
const HEIGHT = 320;
const PLOT = { left: 56, right: 470, top: 34, bottom: 276 };
/** Told apart with every kind of colour vision (Okabe & Ito 2008). */
const COLOURS = ['#0072b2', '#d55e00', '#009e73', '#cc79a7', '#e69f00', '#56b4e9', '#000000'];

/**
 * @param {{ title: string, xLabel: string,
 *   series: readonly { name: string, points: readonly (readonly [number, number])[] }[] }} chart
 */
export function lineChart({ title, xLabel, series }) {
  const all = series.flatMap(({ points }) => points);
  const xs = all.map(([x]) => x);
  const ys = all.map(([, y]) => y);
  const xRange = [Math.min(...xs), Math.max(...xs)];
  const yTicks = ticks(Math.min(...ys), Math.max(...ys));
  const x = scale(xRange, [PLOT.left, PLOT.right]);
  const y = scale([yTicks[0], yTicks.at(-1)], [PLOT.bottom, PLOT.top]);
  const curves = series.map(({ name, points }, i) => {
    const colour = COLOURS[i % COLOURS.length];
    const path = points.map(([px, py]) => `${x(px).toFixed(1)},${y(py).toFixed(1)}`).join(' ');
    const legend = PLOT.top + 10 + i * 18;
    return (
      `<polyline points="${path}" fill="none" stroke="${colour}" stroke-width="1.8"/>` +
      `<text x="${PLOT.right + 12}" y="${legend}" fill="${colour}">${name}</text>`
    );
  });
  const grid = yTicks.map(
    (value) =>
      `<path d="M${PLOT.left} ${y(value).toFixed(1)}H${PLOT.right}" stroke="#ddd"/>` +
      `<text x="${PLOT.left - 6}" y="${(y(value) + 4).toFixed(1)}" text-anchor="end">${tickText(value, yTicks)}</text>`,
  );
  const steps = [...new Set(xs)].sort((a, b) => a - b);
  const labels = steps.map(
    (value) =>
      `<text x="${x(value).toFixed(1)}" y="${PLOT.bottom + 18}" text-anchor="middle">${value}</text>`,
  );
  return `<svg xmlns="http://www.w3.org/2000/svg" width="${WIDTH}" height="${HEIGHT}" viewBox="0 0 ${WIDTH} ${HEIGHT}" font-family="sans-serif" font-size="12" fill="#333">
<rect width="100%" height="100%" fill="#fff"/>
<text x="${PLOT.left}" y="20" font-size="14">${title}</text>
${[...grid, ...labels, ...curves].join('\n')}
<text x="${(PLOT.left + PLOT.right) / 2}" y="${PLOT.bottom + 36}" text-anchor="middle">${xLabel}</text>
</svg>
`;
}

function scale([from, to], [start, end]) {
  const span = to - from || 1;
  return (value) => start + ((value - from) / span) * (end - start);
}

/** Round values, four to eight of them, from below `least` to above `most`. */
function ticks(least, most) {
  const rough = (most - least || 1) / 5;
  const power = 10 ** Math.floor(Math.log10(rough));
  const step = [1, 2, 5, 10].map((factor) => factor * power).find((each) => each >= rough);
  const first = Math.floor(least / step);
  const last = Math.ceil(most / step);
  return Array.from({ length: last - first + 1 }, (_, i) => (first + i) * step);
}

function tickText(value, all) {
  const step = all[1] - all[0];
  return value.toFixed(Math.max(0, -Math.floor(Math.log10(step) + 1e-9)));
}

/** The style of all reports: light and dark, wide and narrow, on screen and on paper. */
export const STYLE = `
:root { color-scheme: light dark; --back: #fbfbfa; --card: #fff; --text: #1d2327; --soft: #5b6670;
  --line: #dfe3e6; --good: #1b7f4d; --bad: #b3261e; --accent: #1f6fb2;
  --c0: #1f6fb2; --c1: #c8561b; --c2: #1b8a5a; --c3: #9b4fb5; --c4: #b08900; --c5: #c2346b;
  --c6: #3a8f9e; --c7: #6f6f6f; --c8: #7a5230; --c9: #5a67c9; }
@media (prefers-color-scheme: dark) { :root { --back: #14181b; --card: #1c2226; --text: #e6eaed;
  --soft: #a3afb8; --line: #333c42; --good: #5fcf95; --bad: #ff8a80; --accent: #6db3ee;
  --c0: #6db3ee; --c1: #f2955f; --c2: #5fcf95; --c3: #cf93e6; --c4: #e3c04e; --c5: #f27fab;
  --c6: #74cbd9; --c7: #b5b5b5; --c8: #c99d74; --c9: #9aa5f5; } }
* { box-sizing: border-box; }
body { margin: 0; background: var(--back); color: var(--text);
  font: 15px/1.5 system-ui, -apple-system, "Segoe UI", Roboto, "Noto Sans", sans-serif; }
header, main { max-width: 1240px; margin: 0 auto; padding: 0 clamp(12px, 3vw, 32px); }
header { padding-top: 28px; }
h1 { font-size: 1.7rem; line-height: 1.2; margin: 0; overflow-wrap: anywhere; }
header p { color: var(--soft); margin: 4px 0 0; overflow-wrap: anywhere; }
h2 { font-size: 1.25rem; margin: 36px 0 12px; overflow-wrap: anywhere; }
h3 { font-size: 1rem; margin: 24px 0 8px; overflow-wrap: anywhere; }
p { max-width: 75ch; }
.note { color: var(--soft); font-size: .9rem; margin: 4px 0 12px; }
.tiles { display: grid; gap: 10px; margin: 16px 0;
  grid-template-columns: repeat(auto-fit, minmax(min(100%, 140px), 1fr)); }
.tiles div { background: var(--card); border: 1px solid var(--line); border-radius: 10px;
  padding: 10px 14px; }
.tiles dt { color: var(--soft); font-size: .8rem; }
.tiles dd { margin: 0; font-size: 1.25rem; font-variant-numeric: tabular-nums; overflow-wrap: anywhere; }
.charts { display: grid; gap: 16px;
  grid-template-columns: repeat(auto-fit, minmax(min(100%, 340px), 1fr)); }
.chart { margin: 0; background: var(--card); border: 1px solid var(--line); border-radius: 10px;
  padding: 12px 14px; min-width: 0; max-width: 620px; break-inside: avoid; }
.chart.wide { max-width: 860px; }
.chart svg { display: block; width: 100%; height: auto; max-width: 100%; color: var(--text); }
.two .chart { max-width: 470px; }
.chart figcaption { font-weight: 600; margin-bottom: 6px; }
details { margin: 8px 0; }
summary { cursor: pointer; color: var(--soft); font-size: .85rem; }
.legend { display: flex; flex-wrap: wrap; gap: 4px 18px; padding: 0; margin: 0 0 12px;
  list-style: none; font-size: .9rem; }
.chart .legend { margin: 0 0 4px; }
.legend li { display: flex; align-items: center; gap: 6px; overflow-wrap: anywhere; }
.legend .key { flex: none; width: 26px; border-top: 3px solid var(--soft); }
.scroll { overflow-x: auto; max-width: 100%; }
table { border-collapse: collapse; font-size: .9rem; font-variant-numeric: tabular-nums; }
caption { text-align: left; color: var(--soft); font-size: .85rem; padding: 4px 0; }
th, td { padding: 4px 10px; text-align: right; border-bottom: 1px solid var(--line); }
th { font-weight: 600; }
th:first-child, td.left { text-align: left; }
tbody th { min-width: 6.5em; overflow-wrap: anywhere; }
.bar { display: inline-block; vertical-align: middle; width: 64px; height: 8px; margin-left: 8px;
  border-radius: 4px; background: linear-gradient(to right, var(--accent) var(--share), var(--line) var(--share)); }
.matrix { font-size: .82rem; }
.matrix td { min-width: 2.6em; padding: 5px 4px; text-align: center; border: 1px solid var(--back);
  background: color-mix(in srgb, var(--mark, var(--bad)) calc(var(--share) * 100%), var(--card)); }
.matrix td.hit { --mark: var(--accent); }
.matrix thead th { padding: 4px 2px; text-align: center; color: var(--soft); }
.matrix tbody th { white-space: nowrap; max-width: 11em; overflow: hidden; text-overflow: ellipsis; }
.two { display: grid; gap: 8px 32px; align-items: start;
  grid-template-columns: repeat(auto-fit, minmax(min(100%, 480px), 1fr)); }
.two > * { min-width: 0; }
.images { display: grid; gap: 10px; padding: 0; margin: 0; list-style: none;
  grid-template-columns: repeat(auto-fill, minmax(96px, 1fr)); }
.images li { font-size: .78rem; line-height: 1.3; overflow-wrap: anywhere; break-inside: avoid; }
.images img { display: block; width: 84px; height: auto; margin-bottom: 4px; border: 1px solid var(--line);
  border-radius: 6px; image-rendering: pixelated; }
.tight { grid-template-columns: repeat(auto-fill, minmax(48px, 1fr)); gap: 4px; max-width: 700px; }
.tight img { width: 100%; height: auto; margin: 0; border-radius: 3px; }
.good { color: var(--good); } .bad { color: var(--bad); }
.maps { margin: 0 0 14px; break-inside: avoid; }
.maps img { display: block; max-width: 100%; height: auto; image-rendering: pixelated; }
.maps figcaption { font-size: .85rem; color: var(--soft); }
footer { color: var(--soft); font-size: .85rem; margin: 40px 0 32px; overflow-wrap: anywhere; }
code { overflow-wrap: anywhere; }
@media (max-width: 560px) { .bar { display: none; } th, td { padding: 4px 6px; }
  .matrix { font-size: .68rem; } .matrix td { min-width: 0; padding: 4px 1px; }
  .matrix tbody th { max-width: 6.5em; } }
@media print { :root { color-scheme: light; --back: #fff; --card: #fff; --text: #000; --soft: #444;
  --line: #ccc; --good: #1b7f4d; --bad: #b3261e; --accent: #1f6fb2; --c0: #1f6fb2; --c1: #c8561b;
  --c2: #1b8a5a; --c3: #9b4fb5; --c4: #b08900; --c5: #c2346b; --c6: #3a8f9e; --c7: #6f6f6f;
  --c8: #7a5230; --c9: #5a67c9; }
  * { print-color-adjust: exact; } details:not([open]) { display: none; } h2, h3 { break-after: avoid; } }
`;

/** Colours of series in the order in which they are given out. */
export const seriesColour = (index: number): string => `var(--c${String(index % 10)})`;

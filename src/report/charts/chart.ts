import * as Plot from '@observablehq/plot';
import { parseHTML } from 'linkedom';
import { html, Html } from '../html.js';
import { dataTable, type DataTable } from '../page.js';

/** A drawing with its name, what it shows in words, and its figures as a table. */
export interface Chart {
  readonly title: string;
  /** For who does not see it. */
  readonly description: string;
  readonly plot: Plot.PlotOptions;
  readonly table: DataTable | null;
  readonly wide?: boolean;
  /** What the colours mean, where the page does not say it elsewhere. */
  readonly legend?: Html;
}

/** In CSS pixels at which a chart's text has its size; the page scales it. */
const WIDTH = 400;
const WIDE = 720;
const HEIGHT = 250;

/** Drawn to SVG here, so that the page needs no script; colours are the page's variables. */
export function chart({ title, description, plot, table, wide = false, legend }: Chart): Html {
  const { document } = parseHTML('<!doctype html><html><body></body></html>');
  const width = wide ? WIDE : WIDTH;
  const drawn = Plot.plot({
    width,
    height: HEIGHT,
    marginLeft: 48,
    marginBottom: 36,
    style: { background: 'none', fontSize: '12px', overflow: 'visible' },
    ...plot,
    document,
  });
  drawn.setAttribute('role', 'img');
  drawn.setAttribute('aria-label', `${title}. ${description}`);
  const figures =
    table === null
      ? null
      : html`<details>
          <summary>Figures</summary>
          ${dataTable(table)}
        </details>`;
  return html`<figure class="${wide ? 'chart wide' : 'chart'}">
    <figcaption>${title}</figcaption>
    ${legend ?? null} ${new Html(drawn.outerHTML)} ${figures}
  </figure>`;
}

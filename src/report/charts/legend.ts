import { html, type Html } from '../html.js';
import { seriesColour } from '../style.js';

/** What the colours of series mean, in the order in which they are given out. */
export function colourLegend(names: readonly string[]): Html {
  const key = (name: string, series: number): Html =>
    html`<li>
      <span class="key" style="border-top: 10px solid ${seriesColour(series)}"></span>${name}
    </li>`;
  return html`<ul class="legend">
    ${names.map(key)}
  </ul>`;
}

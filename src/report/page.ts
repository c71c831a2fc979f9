import { html, Html } from './html.js';
import { STYLE } from './style.js';

/** By this a report is known again, so that it may be written over. */
export const REPORT_MARK = '<meta name="generator" content="Lockstep report">';

/** A whole page in one file. Its policy lets it run no script and load nothing. */
export function page(title: string, subtitle: Html | string, sections: readonly Html[]): string {
  const policy = "default-src 'none'; img-src data:; style-src 'unsafe-inline'";
  return html`<!doctype html>
    <html lang="en">
      <head>
        <meta charset="utf-8" />
        ${new Html(REPORT_MARK)}
        <meta http-equiv="Content-Security-Policy" content="${policy}" />
        <meta name="viewport" content="width=device-width, initial-scale=1" />
        <meta name="color-scheme" content="light dark" />
        <link rel="icon" href="data:," />
        <title>${title}</title>
        <style>
          ${new Html(STYLE)}
        </style>
      </head>
      <body>
        <header>
          <h1>${title}</h1>
          <p>${subtitle}</p>
        </header>
        <main>${[...sections]}</main>
      </body>
    </html> `.text;
}

export function section(title: string, content: Html): Html {
  const id = `s-${title.toLowerCase().replace(/[^a-z0-9]+/g, '-')}`;
  return html`<section aria-labelledby="${id}">
    <h2 id="${id}">${title}</h2>
    ${content}
  </section> `;
}

export interface Tile {
  readonly name: string;
  readonly value: string;
}

/** Figures that are to be seen first. */
export function tiles(all: readonly Tile[]): Html {
  const one = ({ name, value }: Tile): Html =>
    html`<div>
      <dt>${name}</dt>
      <dd>${value}</dd>
    </div>`;
  return html`<dl class="tiles">${all.map(one)}</dl>`;
}

export interface DataTable {
  readonly caption: string;
  readonly head: readonly string[];
  /** The first cell of a row is its heading; `number`s and what looks like one stand right. */
  readonly rows: readonly (readonly (string | number | Html)[])[];
}

export function dataTable({ caption, head, rows }: DataTable): Html {
  const cell = (value: string | number | Html, i: number): Html =>
    i === 0 ? html`<th scope="row">${value}</th>` : html`<td>${value}</td>`;
  return html`<div class="scroll" tabindex="0" role="region" aria-label="${caption}">
    <table>
      <caption>
        ${caption}
      </caption>
      <thead>
        <tr>
          ${head.map((name) => html`<th scope="col">${name}</th>`)}
        </tr>
      </thead>
      <tbody>
        ${rows.map(
          (row) =>
            html`<tr>
              ${row.map(cell)}
            </tr>`,
        )}
      </tbody>
    </table>
  </div>`;
}

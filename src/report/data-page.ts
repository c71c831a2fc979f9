import type { ImageShape } from '../shared/data/image-set.js';
import { version } from '../shared/version.js';
import { classBars } from './charts/bars.js';
import { scatter } from './charts/scatter.js';
import { formatCount, formatFixed, formatPercent } from '../shared/format.js';
import { html, type Html } from './html.js';
import { dataTable, page, section, tiles } from './page.js';
import { imageUrl } from './png.js';

/** Of all pixel values of a class in the training set, from 0 to 1. */
export interface PixelStatistics {
  readonly name: string;
  readonly images: number;
  readonly mean: number;
  readonly deviation: number;
  /** Shares of values that are 0 and 255. */
  readonly black: number;
  readonly white: number;
  /** uint8 [height, width, channels]: the mean image. */
  readonly meanImage: Uint8Array;
  /** Images drawn at random. */
  readonly samples: readonly { readonly index: number; readonly pixels: Uint8Array }[];
}

export interface DataReport {
  readonly name: string;
  readonly source: string;
  readonly digest: string;
  readonly shape: ImageShape;
  readonly classes: readonly string[];
  readonly train: readonly number[];
  readonly test: readonly number[];
  /** Of each class, and of the whole training set. */
  readonly statistics: readonly PixelStatistics[];
  readonly whole: Omit<PixelStatistics, 'name' | 'meanImage' | 'samples'>;
  /** null where it was not asked for. */
  readonly embedding: { readonly points: Float64Array; readonly labels: readonly number[] } | null;
}

/** A look at a data set as a page in one file. */
export function dataPage(data: DataReport): string {
  const { name, source, digest, classes, train, test, shape, whole, embedding } = data;
  const sum = (counts: readonly number[]): number => counts.reduce((a, b) => a + b, 0);
  const sets = [
    { name: 'train', perClass: train },
    { name: 'test', perClass: test },
  ];
  return page(`Data set ${name}`, source, [
    tiles([
      { name: 'training images', value: formatCount(sum(train)) },
      { name: 'test images', value: formatCount(sum(test)) },
      { name: 'classes', value: formatCount(classes.length) },
      { name: 'pixels', value: `${String(shape.height)} × ${String(shape.width)} × ${String(shape.channels)}` }, // prettier-ignore
      { name: 'mean', value: formatFixed(whole.mean) },
      { name: 'standard deviation', value: formatFixed(whole.deviation) },
    ]),
    section('Balance of the classes', classBars(classes, sets)),
    section('Pixel statistics', statisticsTable(data)),
    section(
      'Random images of each class',
      html`${data.statistics.map((each) => samplesOf(each, shape))}`,
    ),
    ...(embedding === null
      ? []
      : [
          section(
            't-SNE',
            html`${scatter('t-SNE of training images', embedding.points, embedding.labels, classes)}
              <p class="note">
                Near points are images that are alike; distances between groups say little.
              </p>`,
          ),
        ]),
    html`<footer>
      <p>digest <code>${digest}</code></p>
      <p>Lockstep ${version()}</p>
    </footer>`,
  ]);
}

function statisticsTable({ statistics, whole }: DataReport): Html {
  const row = (title: string, each: DataReport['whole']): string[] => [
    title,
    formatCount(each.images),
    formatFixed(each.mean),
    formatFixed(each.deviation),
    formatPercent(each.black),
    formatPercent(each.white),
  ];
  return dataTable({
    caption: 'Values of the training set, from 0 to 1',
    head: ['class', 'images', 'mean', 'deviation', 'black', 'white'],
    rows: [...statistics.map((each) => row(each.name, each)), row('all', whole)],
  });
}

function samplesOf({ name, meanImage, samples }: PixelStatistics, shape: ImageShape): Html {
  const image = (pixels: Uint8Array, alt: string): Html =>
    html`<li>
      <img
        src="${imageUrl(pixels, shape)}"
        width="${shape.width}"
        height="${shape.height}"
        alt="${alt}"
        title="${alt}"
      />
    </li>`;
  return html`<h3>${name}</h3>
    <ul class="images tight">
      ${image(meanImage, `Mean image of ${name}`)}
      ${samples.map(({ index, pixels }) => image(pixels, `Training image ${String(index)}, ${name}`))}
    </ul>`;
}

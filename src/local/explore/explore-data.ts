import { setImmediate } from 'node:timers/promises';
import { loadDataset } from '../../coordinator/data/load-dataset.js';
import { affinitiesOf } from '../../explore/affinities.js';
import { drawn } from '../../explore/draw.js';
import { greyRows } from '../../explore/features.js';
import { emptyNeighbours, findNeighbours } from '../../explore/neighbours.js';
import { principalComponents } from '../../explore/principal.js';
import { meanImage, valueStatistics } from '../../explore/statistics.js';
import { Tsne, TSNE_STEPS } from '../../explore/tsne.js';
import type { ArrayData } from '../../shared/data/array-data.js';
import { countClasses } from '../../shared/data/classes.js';
import type { DataListener } from '../../shared/data/data-progress.js';
import type { ImageSet } from '../../shared/data/image-set.js';
import { pixelsOf } from '../../shared/data/image-shape.js';
import { dataSetOf } from '../user-data.js';

export interface ExploreOptions extends DataListener {
  /** Folder or arrays; Fashion-MNIST where it is left out. */
  readonly data?: string | ArrayData;
  /** Images that t-SNE arranges; below 5: none. 2,000 where it is left out. */
  readonly points?: number;
  readonly seed?: number;
  /** Told of the work on t-SNE: from 0 to 1. */
  readonly onShare?: (share: number) => void;
}

const POINTS = 2000;
const SAMPLES = 12;
const COMPONENTS = 50;
const PERPLEXITY = 30;
/** Of the time, roughly: finding neighbours. */
const NEIGHBOURS_SHARE = 0.15;
const ROWS_AT_ONCE = 200;

/** A page of HTML, whole in itself, about a data set. The same seed gives the same page. */
export async function exploreData(options: ExploreOptions = {}): Promise<string> {
  const { data: source, seed = 0, points = POINTS } = options;
  const data =
    typeof source === 'object'
      ? dataSetOf(source)
      : await loadDataset({ ...options, data: source });
  const { train, test } = data;
  const { dataPage } = await import('../../report/data-page.js');
  const bytes = pixelsOf(train.shape);
  const all = Array.from(train.labels.keys());
  const statistics = train.classes.map((name, c) => {
    const indices = all.filter((i) => train.labels[i] === c);
    const samples = drawn(indices, SAMPLES, seed).map((index) => ({
      index,
      pixels: train.pixels.slice(index * bytes, (index + 1) * bytes),
    }));
    const mean = meanImage(train, indices);
    return { name, ...valueStatistics(train, indices), meanImage: mean, samples };
  });
  return dataPage({
    name: data.name,
    source: data.source,
    digest: data.digest,
    shape: train.shape,
    classes: train.classes,
    train: countClasses(train.labels, train.classes.length),
    test: countClasses(test.labels, test.classes.length),
    statistics,
    whole: valueStatistics(train, all),
    embedding:
      Math.min(points, train.count) < 5 ? null : await embed(train, points, seed, options.onShare),
  });
}

/** t-SNE of images drawn by the seed; gives way to other work between its steps. */
export async function embed(
  set: ImageSet,
  points: number,
  seed: number,
  onShare: (share: number) => void = () => undefined,
): Promise<{ points: Float64Array; labels: number[] }> {
  const indices = drawn(Array.from(set.labels.keys()), points, seed);
  const rows = principalComponents(greyRows(set, indices), COMPONENTS, seed);
  const perplexity = Math.min(PERPLEXITY, (indices.length - 1) / 3);
  const neighbours = emptyNeighbours(indices.length, Math.ceil(perplexity * 3));
  for (let i = 0; i < indices.length; i++) {
    findNeighbours(rows, i, neighbours);
    if (i % ROWS_AT_ONCE > 0) continue;
    onShare((NEIGHBOURS_SHARE * i) / indices.length);
    await setImmediate();
  }
  const start = Float64Array.from({ length: indices.length * 2 }, (_, k) =>
    k % 2 < rows.columns ? rows.values[(k >> 1) * rows.columns + (k % 2)]! : 0,
  );
  const tsne = new Tsne(affinitiesOf(neighbours, perplexity), start);
  for (let step = 1; step <= TSNE_STEPS; step++) {
    tsne.step();
    onShare(NEIGHBOURS_SHARE + ((1 - NEIGHBOURS_SHARE) * step) / TSNE_STEPS);
    await setImmediate();
  }
  return { points: tsne.y, labels: indices.map((index) => set.labels[index]!) };
}

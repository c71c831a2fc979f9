import { html, type Html } from '../html.js';
import { imageUrl, pngUrl } from '../png.js';
import type { LayerMaps, RunReport } from '../run-report.js';
import type { ImageShape } from '../../shared/data/image-set.js';

/** A page has room for so many of a layer's channels, and for maps of so many pixels. */
const MOST_CHANNELS = 64;
const LARGEST_MAP = 64;
const COLUMNS = 16;
const GAP = 1;
/** A map on the screen, in CSS pixels, at least. */
const SHOWN_SIDE = 28;

export function featureMaps(
  { image, layers }: NonNullable<RunReport['maps']>,
  shape: ImageShape,
): Html {
  if (layers.length === 0) {
    return html`<p class="note">The model has no convolutions and no pools.</p>`;
  }
  const source = imageUrl(image.pixels, shape);
  return html`<figure class="maps">
      <img
        src="${source}"
        width="${shape.width * 3}"
        height="${shape.height * 3}"
        alt="Test image ${image.index}, ${image.truth}"
      />
      <figcaption>Test image ${image.index}: ${image.truth}</figcaption>
    </figure>
    ${layers.map(layerFigure)}
    <p class="note">Each map by itself from its least value (dark) to its greatest (bright).</p>`;
}

function layerFigure(layer: LayerMaps): Html {
  const { height, width, channels } = layer.shape;
  const shown = Math.min(channels, MOST_CHANNELS);
  const sheet = sheetOf(layer, shown);
  const zoom = Math.max(1, Math.round(SHOWN_SIDE / Math.max(sheet.map.height, sheet.map.width)));
  const part = shown < channels ? `, the first ${String(shown)} shown` : '';
  const text = `${layer.label}: ${String(channels)} maps of ${String(height)} × ${String(width)}${part}`;
  return html`<figure class="maps">
    <figcaption>${text}</figcaption>
    <img
      src="${pngUrl(sheet.pixels, sheet.shape)}"
      width="${sheet.shape.width * zoom}"
      height="${sheet.shape.height * zoom}"
      alt="Feature maps of layer ${text}"
    />
  </figure>`;
}

/** Maps in rows, grey with alpha: what is between them is clear. */
function sheetOf(
  { shape, values }: LayerMaps,
  shown: number,
): { pixels: Uint8Array; shape: ImageShape; map: { height: number; width: number } } {
  const stride = Math.max(1, Math.ceil(Math.max(shape.height, shape.width) / LARGEST_MAP));
  const map = { height: Math.ceil(shape.height / stride), width: Math.ceil(shape.width / stride) };
  const columns = Math.min(COLUMNS, shown);
  const sheet = {
    height: Math.ceil(shown / columns) * (map.height + GAP) - GAP,
    width: columns * (map.width + GAP) - GAP,
    channels: 2,
  };
  const pixels = new Uint8Array(sheet.height * sheet.width * 2);
  for (let channel = 0; channel < shown; channel++) {
    const { least, range } = span(values, channel, shape.channels);
    const top = Math.floor(channel / columns) * (map.height + GAP);
    const left = (channel % columns) * (map.width + GAP);
    for (let y = 0; y < map.height; y++) {
      for (let x = 0; x < map.width; x++) {
        const from = (y * stride * shape.width + x * stride) * shape.channels + channel;
        const to = ((top + y) * sheet.width + left + x) * 2;
        pixels[to] = range === 0 ? 0 : Math.round((255 * (values[from]! - least)) / range);
        pixels[to + 1] = 255;
      }
    }
  }
  return { pixels, shape: sheet, map };
}

function span(
  values: Float32Array,
  channel: number,
  channels: number,
): { least: number; range: number } {
  let [least, most] = [Infinity, -Infinity];
  for (let i = channel; i < values.length; i += channels) {
    least = Math.min(least, values[i]!);
    most = Math.max(most, values[i]!);
  }
  return { least, range: most - least };
}

import type { ImageShape } from '../../shared/data/image-set.js';
import { formatPercent } from '../../shared/format.js';
import { html, type Html } from '../html.js';
import { imageUrl } from '../png.js';
import type { ShownImage } from '../run-report.js';

/** Images with the true and the predicted class below. */
export function predictionImages(images: readonly ShownImage[], shape: ImageShape): Html {
  if (images.length === 0) return html`<p class="note">There are none.</p>`;
  const one = ({ pixels, index, truth, predicted, confidence }: ShownImage): Html => {
    const right = truth === predicted;
    const alt = `Test image ${String(index)}, ${truth}, ${right ? 'recognised' : `taken for ${predicted}`}`;
    const said = right
      ? html`<span class="good">✓ ${predicted}</span>`
      : html`<span class="bad">✗ ${predicted}</span><br />is ${truth}`;
    return html`<li>
      <img
        src="${imageUrl(pixels, shape)}"
        width="${shape.width}"
        height="${shape.height}"
        alt="${alt}"
      />
      ${said}<br />${formatPercent(confidence)}
    </li>`;
  };
  return html`<ul class="images">
    ${images.map(one)}
  </ul>`;
}

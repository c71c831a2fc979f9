import type { Affinities } from './affinities.js';
import { Quadtree } from './quadtree.js';

/**
 * Barnes–Hut t-SNE (van der Maaten, "Accelerating t-SNE using tree-based algorithms", JMLR 2014)
 * with the settings of Belkina et al., Nature Communications 10 (2019).
 */
const EXAGGERATION = 12;
const EXAGGERATED_STEPS = 250;
export const TSNE_STEPS = 750;
const THETA = 0.5;
const LEAST_GAIN = 0.01;

/** dC/dy, [n, 2], of the Kullback–Leibler divergence C, its first part `exaggeration` times. */
export function tsneGradient(
  y: Float64Array,
  { starts, indices, values }: Affinities,
  exaggeration: number,
  theta: number,
): Float64Array {
  const gradient = new Float64Array(y.length);
  const tree = new Quadtree(y);
  const force = new Float64Array(2);
  let sum = 0;
  for (let i = 0; i < y.length / 2; i++) {
    force.fill(0);
    sum += tree.repulsion(i, theta, force);
    gradient.set(force, 2 * i);
  }
  for (let i = 0; i < y.length / 2; i++) {
    let [pullX, pullY] = [0, 0];
    for (let k = starts[i]!; k < starts[i + 1]!; k++) {
      const j = indices[k]!;
      const [dx, dy] = [y[2 * i]! - y[2 * j]!, y[2 * i + 1]! - y[2 * j + 1]!];
      const weight = values[k]! / (1 + dx * dx + dy * dy);
      pullX += weight * dx;
      pullY += weight * dy;
    }
    gradient[2 * i] = 4 * (exaggeration * pullX - gradient[2 * i]! / sum);
    gradient[2 * i + 1] = 4 * (exaggeration * pullY - gradient[2 * i + 1]! / sum);
  }
  return gradient;
}

/** An embedding on its way: `step` moves all its points once, TSNE_STEPS times. */
export class Tsne {
  readonly y: Float64Array;
  readonly #affinities: Affinities;
  readonly #velocity: Float64Array;
  readonly #gains: Float64Array;
  #step = 0;

  /** `start`: [n, 2], such as the first two principal components. */
  constructor(affinities: Affinities, start: Float64Array) {
    const spread = Math.sqrt(start.reduce((sum, v) => sum + v * v, 0) / start.length) || 1;
    this.y = start.map((value) => (value / spread) * 1e-4);
    this.#affinities = affinities;
    this.#velocity = new Float64Array(start.length);
    this.#gains = new Float64Array(start.length).fill(1);
  }

  step(): void {
    const early = this.#step++ < EXAGGERATED_STEPS;
    const gradient = tsneGradient(this.y, this.#affinities, early ? EXAGGERATION : 1, THETA);
    const rate = Math.max(50, this.y.length / 2 / EXAGGERATION / 4);
    const momentum = early ? 0.5 : 0.8;
    for (let k = 0; k < gradient.length; k++) {
      const turned = gradient[k]! * this.#velocity[k]! < 0;
      const gain = turned ? this.#gains[k]! + 0.2 : this.#gains[k]! * 0.8;
      this.#gains[k] = Math.max(LEAST_GAIN, gain);
      this.#velocity[k] = momentum * this.#velocity[k]! - rate * this.#gains[k]! * gradient[k]!;
      this.y[k]! += this.#velocity[k]!;
    }
  }
}

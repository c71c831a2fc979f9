import type { LayerNode } from '../../../../shared/model/graph.js';
import type { GraphNode, MapShape } from './lowering.js';
import { refuseLayer } from './refusal.js';

/** A layer where it stands in the model. */
export interface LayerSite {
  readonly layer: LayerNode;
  readonly inputs: readonly MapShape[];
  readonly output: MapShape;
  /** Whether it is the model's last. */
  readonly isOutput: boolean;
  readonly dropoutOrdinal: number;
}

/** One node of what a layer becomes; each piece after the first reads the one before. */
export interface Piece {
  readonly operation: GraphNode;
  readonly shape: MapShape;
  /** tfjs's name of each weight by the node's own name for it. */
  readonly weights: Readonly<Record<string, string>>;
}

export type Config = Readonly<Record<string, unknown>>;
export type Translation = (site: LayerSite, config: Config) => readonly Piece[];

/** The only node of a layer, which gives the layer's output. */
export function single(operation: GraphNode, site: LayerSite, weights = {}): readonly Piece[] {
  return [{ operation, shape: site.output, weights }];
}

export function requireLastAxis(site: LayerSite, axis: unknown): void {
  const last = site.layer.shape.length - 1;
  if (axis === -1 || axis === last) return;
  refuseLayer(site.layer.label, `works along axis ${String(axis)}`, 'Use axis -1, the channels.');
}

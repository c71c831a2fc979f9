import type { PhotoOptions } from '../../shared/photos/photo-options.js';

/** What goes between an import and the processes that decode for it. */
export type ToDecoder =
  | { readonly kind: 'begin'; readonly options: PhotoOptions }
  | { readonly kind: 'decode'; readonly paths: readonly string[] };

export interface Decoded {
  readonly height: number;
  readonly width: number;
  readonly channels: number;
  /** uint8 [height, width, channels] */
  readonly pixels: Uint8Array;
}

/** Of each photograph what came of it, or why nothing did. */
export type Outcome = Decoded | { readonly fault: string };

export type FromDecoder =
  | { readonly kind: 'decoded'; readonly outcomes: readonly Outcome[] }
  /** The decoder itself is not there: no photograph can be decoded. */
  | { readonly kind: 'missing'; readonly message: string; readonly hint: string };

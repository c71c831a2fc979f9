/** One picture, decoded: bytes from 0 to 255. */
export interface Raster {
  readonly height: number;
  readonly width: number;
  /** 1: grey; 3: red, green, blue. */
  readonly channels: number;
  /** uint8 [height, width, channels] */
  readonly pixels: Uint8Array;
}

/** A colour, each part from 0 to 255. */
export type Rgb = readonly [red: number, green: number, blue: number];

/**
 * The luma of ITU-R BT.601 in whole numbers, as Pillow's `convert("L")` has it: 0.299 red +
 * 0.587 green + 0.114 blue, the weights in units of 2⁻¹⁶, rounded to the nearest.
 */
export function luma(red: number, green: number, blue: number): number {
  return (red * 19595 + green * 38470 + blue * 7471 + 0x8000) >> 16;
}

/** One channel of three; a grey picture is given back as it is. */
export function toGrey({ height, width, channels, pixels }: Raster): Raster {
  if (channels === 1) return { height, width, channels, pixels };
  const grey = new Uint8Array(height * width);
  for (let i = 0; i < grey.length; i++) {
    grey[i] = luma(pixels[3 * i]!, pixels[3 * i + 1]!, pixels[3 * i + 2]!);
  }
  return { height, width, channels: 1, pixels: grey };
}

/** Three channels of one; a coloured picture is given back as it is. */
export function toColour({ height, width, channels, pixels }: Raster): Raster {
  if (channels === 3) return { height, width, channels, pixels };
  const colours = new Uint8Array(pixels.length * 3);
  for (let i = 0; i < pixels.length; i++) colours.fill(pixels[i]!, 3 * i, 3 * i + 3);
  return { height, width, channels: 3, pixels: colours };
}

/**
 * A picture with transparency laid on a colour. `pixels`: uint8 [height, width, channels + 1], the
 * last of them alpha, not multiplied into the others. Rounded to the nearest.
 */
export function flatten({ height, width, channels, pixels }: Raster, background: Rgb): Raster {
  const colours = channels - 1;
  const under = colours === 1 ? [luma(...background)] : background;
  const flat = new Uint8Array(height * width * colours);
  for (let i = 0; i < height * width; i++) {
    const alpha = pixels[i * channels + colours]!;
    for (let c = 0; c < colours; c++) {
      const mixed = pixels[i * channels + c]! * alpha + under[c]! * (255 - alpha);
      flat[i * colours + c] = Math.floor((2 * mixed + 255) / 510);
    }
  }
  return { height, width, channels: colours, pixels: flat };
}

/** 255 minus each value. */
export function inverted(raster: Raster): Raster {
  return { ...raster, pixels: raster.pixels.map((value) => 255 - value) };
}

/**
 * The picture's values stretched, so that the least is 0 and the greatest 255, rounded to the
 * nearest; all channels alike. One of a single value stays as it is.
 */
export function stretched(raster: Raster): Raster {
  let [least, greatest] = [255, 0];
  for (const value of raster.pixels) {
    if (value < least) least = value;
    if (value > greatest) greatest = value;
  }
  const span = greatest - least;
  if (span === 0 || span === 255) return raster;
  const table = Uint8Array.from({ length: 256 }, (_, value) =>
    Math.floor((510 * Math.max(0, value - least) + span) / (2 * span)),
  );
  return { ...raster, pixels: raster.pixels.map((value) => table[value]!) };
}

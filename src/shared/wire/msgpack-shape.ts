/**
 * Looks a msgpack value over before it is decoded: every length is held against the bytes that are
 * there, and depth and number of values are bounded (an empty map of one byte takes 56 when it is
 * decoded), so that decoding takes no more memory than the bytes justify. Only what our own headers
 * contain is let through: nil, booleans, numbers, text, lists and maps with text as keys; no
 * binaries, no extensions.
 * See https://github.com/msgpack/msgpack/blob/master/spec.md for the format.
 */

/** A topology has about 3 levels for each model within a model, and 6 besides. */
const MOST_DEPTH = 32;
const MOST_VALUES = 1 << 20;

/** Why `bytes` is not one such value; null where it is. */
export function msgpackFault(bytes: Uint8Array): string | null {
  const scan = new Scan(bytes);
  try {
    scan.value(0);
  } catch (fault) {
    if (fault instanceof Fault) return fault.reason;
    throw fault;
  }
  return scan.at === bytes.length ? null : `${bytes.length - scan.at} bytes follow the value`;
}

class Fault {
  constructor(readonly reason: string) {}
}

class Scan {
  at = 0;
  #values = 0;
  readonly #view: DataView;

  constructor(bytes: Uint8Array) {
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  }

  value(depth: number): void {
    if (depth > MOST_DEPTH) throw new Fault(`it is more than ${MOST_DEPTH} levels deep`);
    if (++this.#values > MOST_VALUES) throw new Fault(`it has more than ${MOST_VALUES} values`);
    const tag = this.#number(1);
    if (tag <= 0x7f || tag >= 0xe0) return;
    if (tag <= 0x8f) this.#map(tag & 0x0f, depth);
    else if (tag <= 0x9f) this.#list(tag & 0x0f, depth);
    else if (tag <= 0xbf) this.#skip(tag & 0x1f);
    else this.#tagged(tag, depth);
  }

  #tagged(tag: number, depth: number): void {
    switch (tag) {
      case 0xc0: // nil
      case 0xc2: // false
      case 0xc3: // true
        return;
      case 0xcc: // uint8 … uint64
      case 0xcd:
      case 0xce:
      case 0xcf:
        this.#skip(1 << (tag - 0xcc));
        return;
      case 0xd0: // int8 … int64
      case 0xd1:
      case 0xd2:
      case 0xd3:
        this.#skip(1 << (tag - 0xd0));
        return;
      case 0xca: // float32, float64
      case 0xcb:
        this.#skip(tag === 0xca ? 4 : 8);
        return;
      case 0xd9: // text with a length of 1, 2, 4 bytes
      case 0xda:
      case 0xdb:
        this.#skip(this.#number(1 << (tag - 0xd9)));
        return;
      case 0xdc: // lists
      case 0xdd:
        this.#list(this.#number(tag === 0xdc ? 2 : 4), depth);
        return;
      case 0xde: // maps
      case 0xdf:
        this.#map(this.#number(tag === 0xde ? 2 : 4), depth);
        return;
      default:
        throw new Fault(`type 0x${tag.toString(16)} is not of our headers`);
    }
  }

  #list(length: number, depth: number): void {
    // Every element takes a byte at least.
    this.#require(length);
    for (let i = 0; i < length; i++) this.value(depth + 1);
  }

  #map(length: number, depth: number): void {
    this.#require(2 * length);
    for (let i = 0; i < length; i++) {
      const tag = this.#require(1) && this.#view.getUint8(this.at);
      const isText = (tag >= 0xa0 && tag <= 0xbf) || (tag >= 0xd9 && tag <= 0xdb);
      if (!isText) throw new Fault('a key is not text');
      this.value(depth + 1);
      this.value(depth + 1);
    }
  }

  #number(width: number): number {
    this.#require(width);
    const { at } = this;
    this.at += width;
    if (width === 1) return this.#view.getUint8(at);
    return width === 2 ? this.#view.getUint16(at) : this.#view.getUint32(at);
  }

  #skip(length: number): void {
    this.#require(length);
    this.at += length;
  }

  #require(length: number): number {
    const left = this.#view.byteLength - this.at;
    if (length > left) throw new Fault(`a length of ${length} where ${left} bytes are left`);
    return length;
  }
}

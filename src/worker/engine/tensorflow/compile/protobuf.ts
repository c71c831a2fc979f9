/** The wire format of protocol buffers, as far as a TensorFlow graph needs it. */

/** A message under construction: chunks of bytes in order of writing. */
export class Message {
  readonly #chunks: Uint8Array[] = [];

  /** Integers in [−2^63, 2^53]; negative ones as ten bytes, as the format asks. */
  int(field: number, value: number | bigint): this {
    return this.#push(varint(field << 3), varint(value));
  }

  float(field: number, value: number): this {
    return this.#push(varint((field << 3) | 5), new Uint8Array(Float32Array.of(value).buffer));
  }

  bytes(field: number, value: Uint8Array): this {
    return this.#push(varint((field << 3) | 2), varint(value.length), value);
  }

  text(field: number, value: string): this {
    return this.bytes(field, new TextEncoder().encode(value));
  }

  message(field: number, value: Message): this {
    return this.bytes(field, value.encode());
  }

  encode(): Uint8Array {
    const whole = new Uint8Array(this.#chunks.reduce((sum, { length }) => sum + length, 0));
    let at = 0;
    for (const chunk of this.#chunks) {
      whole.set(chunk, at);
      at += chunk.length;
    }
    return whole;
  }

  #push(...chunks: readonly Uint8Array[]): this {
    this.#chunks.push(...chunks);
    return this;
  }
}

function varint(value: number | bigint): Uint8Array {
  let rest = BigInt.asUintN(64, BigInt(value));
  const bytes: number[] = [];
  do {
    const low = Number(rest & 0x7fn);
    rest >>= 7n;
    bytes.push(rest === 0n ? low : low | 0x80);
  } while (rest !== 0n);
  return Uint8Array.from(bytes);
}

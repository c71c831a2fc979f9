import { LockstepError } from '../../shared/errors.js';
import { crc32c } from '../../shared/wire/crc32c.js';
import type { DataPiece, FromWorker } from '../../shared/wire/session.js';

/** Bytes asked for at a time. */
const WINDOW_BYTES = 8 << 20;
/** What does not come is asked for again, and given up in the end. */
const AGAIN_MILLISECONDS = 2000;
const PATIENCE_MILLISECONDS = 60_000;

/** Fetches bytes from the coordinator by their digest, in order, into memory. */
export class BlobFetch {
  readonly #send: (message: FromWorker) => Promise<void>;
  #take: (piece: DataPiece) => void = () => undefined;

  constructor(send: (message: FromWorker) => Promise<void>) {
    this.#send = send;
  }

  /** A piece that came. */
  deliver(piece: DataPiece): void {
    this.#take(piece);
  }

  /**
   * Fills `target` from byte `first` on. `onBytes` is told of every stretch that is there, in
   * order. `offset`: the byte of the whole that `target` begins with. Throws JOIN_FAILED where nothing
   * comes for a minute.
   */
  async fill(
    digest: string,
    target: Uint8Array,
    first: number,
    onBytes: (first: number, end: number) => void = () => undefined,
    offset = 0,
  ): Promise<void> {
    let at = first;
    let silentSince = performance.now();
    while (at < target.length) {
      const end = Math.min(target.length, at + WINDOW_BYTES);
      const before = at;
      at = await this.#window(digest, target, at, end, onBytes, offset);
      if (at > before) silentSince = performance.now();
      else if (performance.now() - silentSince > PATIENCE_MILLISECONDS)
        throw nothingCame(digest, offset + at);
    }
  }

  /** Resolves with how far it got: to `end`, or to where nothing came for a while. */
  #window(
    digest: string,
    target: Uint8Array,
    first: number,
    end: number,
    onBytes: (first: number, end: number) => void,
    offset: number,
  ): Promise<number> {
    return new Promise((resolve) => {
      let at = first;
      const stop = (): void => {
        clearTimeout(timer);
        this.#take = () => undefined;
        resolve(at);
      };
      let timer = setTimeout(stop, AGAIN_MILLISECONDS);
      this.#take = (piece) => {
        const { payload } = piece;
        const isNext = piece.first === offset + at && payload.length > 0;
        const fits = piece.digest === digest && isNext;
        if (!fits || at + payload.length > end || crc32c(payload) !== piece.checksum) return;
        target.set(payload, at);
        onBytes(at, at + payload.length);
        at += payload.length;
        clearTimeout(timer);
        timer = setTimeout(stop, AGAIN_MILLISECONDS);
        if (at === end) stop();
      };
      void this.#send({ kind: 'want-data', digest, first: offset + first, end: offset + end });
    });
  }
}

function nothingCame(digest: string, at: number): LockstepError {
  return new LockstepError(
    'JOIN_FAILED',
    `The coordinator has sent nothing of ${digest.slice(0, 12)} after byte ${at} for ${PATIENCE_MILLISECONDS / 1000} s.`,
    { hint: 'Look whether it still runs, and at the network between.' },
  );
}

import { LockstepError } from '../shared/errors.js';
import type { Link } from '../shared/link/link.js';
import { snapshotChecksum } from '../shared/protocol/checksums.js';
import type { SnapshotPiece, WantSnapshot } from '../shared/protocol/messages.js';
import { COORDINATOR, type Lineage } from '../shared/protocol/names.js';
import { unpackState, type NamedBytes } from '../shared/protocol/state-bytes.js';
import { stateDigest } from '../shared/protocol/state-digest.js';

/** Segments asked for at a time. */
const WINDOW = 8;
const TIMEOUT_MILLISECONDS = 5000;

/** Fetches states that workers have put aside, segment by segment. */
export class StateFetch {
  readonly #run: string;
  /** By steps applied: who waits for the next segment. */
  readonly #waiting = new Map<number, (piece: SnapshotPiece) => void>();

  constructor(run: string) {
    this.#run = run;
  }

  /** A segment that came from a worker. */
  take(piece: SnapshotPiece): void {
    this.#waiting.get(piece.applied)?.(piece);
  }

  /**
   * The state after `applied` steps as the worker at the other end of `link` holds it. Throws
   * LINK_CLOSED where it does not come, CHECKPOINT_STATE_LOST where it is not the one announced.
   */
  async fetch(
    link: Link<WantSnapshot, unknown>,
    state: { readonly applied: number; readonly lineage: Lineage; readonly digest: string },
  ): Promise<NamedBytes> {
    const { applied, lineage, digest } = state;
    const segments = new Map<number, Uint8Array>();
    let count = 1;
    try {
      while (segments.size < count) {
        const missing = Array.from({ length: count }, (_, i) => i).filter((i) => !segments.has(i));
        const wanted = missing.slice(0, WINDOW);
        const arrived = this.#next(applied, lineage, wanted.length, link.peer);
        await link.send({
          kind: 'want-snapshot',
          run: this.#run,
          from: COORDINATOR,
          applied,
          segments: wanted,
        });
        for (const piece of await arrived) {
          count = piece.segments;
          segments.set(piece.segment, piece.payload as Uint8Array);
        }
      }
    } finally {
      this.#waiting.delete(applied);
    }
    const parts = Array.from({ length: count }, (_, i) => segments.get(i)!);
    const whole = unpackState(Buffer.concat(parts));
    if (stateDigest(whole) === digest) return whole;
    throw new LockstepError(
      'CHECKPOINT_STATE_LOST',
      `The state after ${applied} steps that came from ${link.peer} is another than was announced.`,
      { hint: 'Its memory or its network changes bits: look at that machine.', where: { applied } },
    );
  }

  /** The next `number` whole segments; rejects where one does not come in time. */
  #next(
    applied: number,
    lineage: Lineage,
    number: number,
    peer: string,
  ): Promise<readonly SnapshotPiece[]> {
    return new Promise((resolve, reject) => {
      const got = new Map<number, SnapshotPiece>();
      const timer = setTimeout(() => {
        reject(
          new LockstepError(
            'LINK_CLOSED',
            `${peer} has not sent its state after ${applied} steps within ${TIMEOUT_MILLISECONDS} ms.`,
          ),
        );
      }, TIMEOUT_MILLISECONDS);
      this.#waiting.set(applied, (piece) => {
        const measured = snapshotChecksum(piece, piece.payload as Uint8Array);
        if (piece.lineage !== lineage || piece.checksum !== measured) return;
        got.set(piece.segment, piece);
        if (got.size < number) return;
        clearTimeout(timer);
        resolve([...got.values()]);
      });
    });
  }
}

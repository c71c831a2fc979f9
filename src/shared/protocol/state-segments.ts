import { snapshotChecksum } from './checksums.js';
import type { SnapshotPiece } from './messages.js';
import type { Lineage, MemberId } from './names.js';
import { packState, stateSegment, stateSegments, type NamedBytes } from './state-bytes.js';

/** Gives states out in segments: a worker those that it has put aside, the coordinator its folder's. */
export class StateSegments {
  readonly #run: string;
  readonly #from: MemberId;
  /** Of the state last asked for. */
  #packed: { readonly of: NamedBytes; readonly bytes: Uint8Array } | null = null;

  constructor(run: string, from: MemberId) {
    this.#run = run;
    this.#from = from;
  }

  /** One segment of `state`; null where it has no such segment. */
  piece(
    state: NamedBytes,
    name: { readonly applied: number; readonly lineage: Lineage; readonly segment: number },
  ): SnapshotPiece | null {
    if (this.#packed?.of !== state) this.#packed = { of: state, bytes: packState(state) };
    const { bytes } = this.#packed;
    const { applied, lineage, segment } = name;
    const segments = stateSegments(bytes);
    if (segment >= segments) return null;
    const payload = stateSegment(bytes, segment);
    return {
      kind: 'snapshot-piece',
      run: this.#run,
      from: this.#from,
      applied,
      lineage,
      segment,
      segments,
      checksum: snapshotChecksum({ applied, lineage, segment, segments }, payload),
      payload,
    };
  }
}

import { snapshotChecksum } from '../shared/protocol/checksums.js';
import type { SnapshotPiece } from '../shared/protocol/messages.js';
import { COORDINATOR, type Lineage } from '../shared/protocol/names.js';
import {
  packState,
  stateSegment,
  stateSegments,
  type NamedBytes,
} from '../shared/protocol/state-bytes.js';

/** Gives out the state in the run folder, to workers that have nobody else to ask. */
export class StateServe {
  readonly #run: string;
  #packed: { readonly of: NamedBytes; readonly bytes: Uint8Array } | null = null;

  constructor(run: string) {
    this.#run = run;
  }

  /** One segment of `state`; null where it has no such segment. */
  segment(
    state: NamedBytes,
    name: { readonly applied: number; readonly lineage: Lineage; readonly segment: number },
  ): SnapshotPiece | null {
    if (this.#packed?.of !== state) this.#packed = { of: state, bytes: packState(state) };
    const { bytes } = this.#packed;
    const { applied, lineage, segment } = name;
    const segments = stateSegments(bytes);
    if (segment >= segments) return null;
    const payload = stateSegment(bytes, segment);
    const checksum = snapshotChecksum({ applied, lineage, segment, segments }, payload);
    const { run } = { run: this.#run };
    return {
      kind: 'snapshot-piece',
      run,
      from: COORDINATOR,
      applied,
      lineage,
      segment,
      segments,
      checksum,
      payload,
    };
  }
}

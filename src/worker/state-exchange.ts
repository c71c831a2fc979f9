import { snapshotChecksum } from '../shared/protocol/checksums.js';
import {
  packState,
  stateSegment,
  stateSegments,
  unpackState,
} from '../shared/protocol/state-bytes.js';
import type { Message, SnapshotPiece } from '../shared/protocol/messages.js';
import { COORDINATOR, type MemberId } from '../shared/protocol/names.js';
import type { Captured, Captures } from './captures.js';
import type { MemberEffect } from './machine/state.js';
import type { TrainerState } from './trainer.js';

type SendSnapshot = Extract<MemberEffect, { kind: 'send-snapshot' }>;

/** States as they travel: to a worker that joins, and to the coordinator that stores them. */
export class StateExchange {
  readonly #run: string;
  readonly #from: MemberId;
  readonly #captures: Captures;
  /** Of the state last asked for. */
  #packed: { readonly of: Captured; readonly bytes: Uint8Array } | null = null;

  constructor(run: string, from: MemberId, captures: Captures) {
    this.#run = run;
    this.#from = from;
    this.#captures = captures;
  }

  /** The message that holds a segment, and to whom it goes; null where the copy is gone. */
  segment(effect: SendSnapshot): { readonly to: MemberId; readonly message: Message } | null {
    const { to, applied, lineage, segment, relayed } = effect;
    const captured = this.#captures.get(applied);
    if (captured === undefined || captured.lineage !== lineage) return null;
    if (this.#packed?.of !== captured) {
      this.#packed = { of: captured, bytes: packState(captured.state) };
    }
    const { bytes } = this.#packed;
    const segments = stateSegments(bytes);
    if (segment >= segments) return null;
    const payload = stateSegment(bytes, segment);
    const { run, from } = { run: this.#run, from: this.#from };
    const checksum = snapshotChecksum({ applied, lineage, segment, segments }, payload);
    const piece: SnapshotPiece = {
      kind: 'snapshot-piece',
      run,
      from,
      applied,
      lineage,
      segment,
      segments,
      checksum,
      payload,
    };
    if (!relayed) return { to, message: piece };
    return { to: COORDINATOR, message: { kind: 'relay', run, from, to, message: piece } };
  }

  /** The state that all segments together are. Throws TRAINER_STATE_MISMATCH. */
  whole(payloads: readonly unknown[]): TrainerState {
    return unpackState(Buffer.concat(payloads as Uint8Array[]));
  }
}

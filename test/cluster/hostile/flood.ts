import { dial } from '#src/shared/link/dial.js';
import { SocketLink } from '#src/shared/link/socket-link.js';
import { segmentRange } from '#src/shared/numerics/row-segments.js';
import { pieceChecksum } from '#src/shared/protocol/checksums.js';
import { fromPeerSchema, type FromPeer } from '#src/shared/wire/session.js';
import { loadKernels } from '#src/worker/engine/wasm/module.js';
import { SegmentMath } from '#src/worker/rows/segment-math.js';
import type { TameCoordinator, Tamed } from './tame-coordinator.js';

/** float32 elements of a row of the model `mlp` on images of 28 × 28 and 10 classes. */
const ROW_LENGTH = 784 * 256 + 256 + 256 * 128 + 128 + 128 * 10 + 10 + 1;

/**
 * Pieces that a worker cannot tell from those of its peers: of the steps to come, in lineages that
 * may be its own, with right checksums. Resolves when all were taken.
 */
export async function flood(
  { url, join }: Pick<Tamed, 'url' | 'join'>,
  { token, welcome }: TameCoordinator,
  from: string,
  pieces: number,
): Promise<void> {
  const { run } = welcome;
  const socket = await dial(url, token);
  const link = new SocketLink<FromPeer, FromPeer>(socket, { peer: url, accepts: fromPeerSchema });
  const answered = new Promise<void>((resolve) => {
    link.receive(({ kind }) => {
      if (kind === 'not-yet') resolve();
    });
  });
  await link.send({ kind: 'greeting', run, from, to: join.member });
  const { module } = await loadKernels('plain');
  const { first, end } = segmentRange(ROW_LENGTH, welcome.segments, 0);
  const payload = new Uint8Array((end - first) * 4);
  const { digest } = new SegmentMath(module, payload.length / 4).inspect(payload, 0);
  const tally = { samples: 1, correct: 0, hash: 1n };
  for (let i = 0; i < pieces; i++) {
    const name = {
      step: 5 + (i % 4),
      lineage: i.toString(16).padStart(16, '0'),
      node: { first: i % 8, end: (i % 8) + 1 },
      segment: 0,
    };
    const checksum = pieceChecksum(name, tally, digest);
    await link.send({ kind: 'piece', run, from, ...name, tally, checksum, payload });
  }
  await link.send({ kind: 'want', run, from, step: 1e9, lineage: '0', pieces: [] });
  await answered;
  link.close('enough');
}

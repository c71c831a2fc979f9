import t from 'tap';
import { pieceChecksum, snapshotChecksum } from '#src/shared/protocol/checksums.js';

const name = { step: 7, lineage: '0123456789abcdef', node: { first: 4, end: 7 }, segment: 2 };
const tally = { samples: 17, correct: 3, hash: 2n ** 64n - 1n };

t.test('A piece has the same checksum for ever, and another where anything is changed', (t) => {
  const checksum = pieceChecksum(name, tally, 5n);
  t.equal(checksum, 0xb15c18eb);
  const others = [
    pieceChecksum({ ...name, step: 8 }, tally, 5n),
    pieceChecksum({ ...name, lineage: '0123456789abcdee' }, tally, 5n),
    pieceChecksum({ ...name, node: { first: 3, end: 7 } }, tally, 5n),
    pieceChecksum({ ...name, node: { first: 4, end: 8 } }, tally, 5n),
    pieceChecksum({ ...name, segment: 3 }, tally, 5n),
    pieceChecksum(name, { ...tally, samples: 18 }, 5n),
    pieceChecksum(name, { ...tally, correct: 4 }, 5n),
    pieceChecksum(name, { ...tally, hash: 2n ** 64n - 2n }, 5n),
    pieceChecksum(name, tally, 6n),
    pieceChecksum({ ...name, step: 70 }, tally, 5n),
  ];
  t.equal(new Set([checksum, ...others]).size, 11);
  t.end();
});

t.test('So has a segment of a state', (t) => {
  const state = { applied: 7, lineage: '0123456789abcdef', segment: 1, segments: 3 };
  const bytes = Uint8Array.of(1, 2, 3);
  const checksum = snapshotChecksum(state, bytes);
  t.equal(checksum, 0x1feac819);
  const others = [
    snapshotChecksum({ ...state, applied: 8 }, bytes),
    snapshotChecksum({ ...state, lineage: '0' }, bytes),
    snapshotChecksum({ ...state, segment: 2 }, bytes),
    snapshotChecksum({ ...state, segments: 4 }, bytes),
    snapshotChecksum(state, Uint8Array.of(1, 2, 4)),
    snapshotChecksum(state, Uint8Array.of(1, 2)),
    snapshotChecksum(state, Uint8Array.of(1, 2, 3, 0)),
  ];
  t.equal(new Set([checksum, ...others]).size, 8);
  t.end();
});

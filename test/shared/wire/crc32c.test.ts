import t from 'tap';
import { crc32c } from '#src/shared/wire/crc32c.js';

const ascending = Uint8Array.from({ length: 32 }, (_, i) => i);

// RFC 3720, appendix B.4, and the check value of the catalogue of parametrised CRC algorithms.
const KNOWN: readonly (readonly [string, Uint8Array, number])[] = [
  ['nothing', new Uint8Array(0), 0],
  ['123456789', Buffer.from('123456789'), 0xe3069283],
  ['32 zeros', new Uint8Array(32), 0x8a9136aa],
  ['32 ones', new Uint8Array(32).fill(0xff), 0x62a8ab43],
  ['0 … 31', ascending, 0x46dd794e],
  ['31 … 0', ascending.slice().reverse(), 0x113fdb5c],
  [
    'an iSCSI read command',
    Buffer.from(
      '01c00000000000000000000000000000140000000000040000000014000000182800000000000000' +
        '0200000000000000',
      'hex',
    ),
    0xd9963a56,
  ],
];

t.test('CRC-32C has the published values', (t) => {
  for (const [name, bytes, value] of KNOWN) t.equal(crc32c(bytes), value, name);
  t.end();
});

t.test('it goes on from the value over the bytes before, wherever they are cut', (t) => {
  const bytes = Buffer.from('123456789');
  for (let cut = 0; cut <= bytes.length; cut++) {
    t.equal(crc32c(bytes.subarray(cut), crc32c(bytes.subarray(0, cut))), 0xe3069283, `at ${cut}`);
  }
  t.end();
});

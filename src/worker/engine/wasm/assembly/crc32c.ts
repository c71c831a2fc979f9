/**
 * CRC-32C (Castagnoli, reflected polynomial 0x82F63B78), eight bytes at a time by table
 * (M. Kounavis, F. Berry: A systematic approach to building high performance software-based CRC
 * generators, ISCC 2005). A module without static data keeps no table: the caller gives 8 KiB.
 */

/** Fills the table, uint32 [8][256] at `table`: once for any number of calls and threads. */
export function crc32cTable(table: usize): void {
  for (let byte = 0; byte < 256; byte++) {
    let crc: u32 = byte;
    for (let bit = 0; bit < 8; bit++) crc = (crc >>> 1) ^ (crc & 1 ? 0x82f63b78 : 0);
    store<u32>(table + (<usize>byte << 2), crc);
  }
  for (let i: usize = 256; i < 2048; i++) {
    const before = load<u32>(table + ((i - 256) << 2));
    store<u32>(table + (i << 2), (before >>> 8) ^ load<u32>(table + ((before & 255) << 2)));
  }
}

/** `seed`: 0, or the checksum of the bytes before these. */
export function crc32c(at: usize, bytes: i32, seed: u32, table: usize): u32 {
  let crc = ~seed;
  let left = bytes;
  for (; left >= 8; left -= 8, at += 8) {
    const a = load<u32>(at) ^ crc;
    const b = load<u32>(at, 4);
    crc =
      load<u32>(table + ((a & 255) << 2), 7168) ^
      load<u32>(table + (((a >>> 8) & 255) << 2), 6144) ^
      load<u32>(table + (((a >>> 16) & 255) << 2), 5120) ^
      load<u32>(table + ((a >>> 24) << 2), 4096) ^
      load<u32>(table + ((b & 255) << 2), 3072) ^
      load<u32>(table + (((b >>> 8) & 255) << 2), 2048) ^
      load<u32>(table + (((b >>> 16) & 255) << 2), 1024) ^
      load<u32>(table + ((b >>> 24) << 2));
  }
  for (; left > 0; left--, at++) {
    crc = (crc >>> 8) ^ load<u32>(table + (((crc ^ load<u8>(at)) & 255) << 2));
  }
  return ~crc;
}

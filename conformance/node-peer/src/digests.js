// Checksums and digests of pages (SPEC.md section 8.3).
import { createHash } from 'node:crypto';
import { crc32 } from 'node:zlib';

export const PAGE_SIZE = 4096;
export const PAGES_PER_SEGMENT = 512;

/** Numbers of DigestAlgorithm. */
export const Algorithm = Object.freeze({ CRC64: 1, SHA256: 2 });

const CASTAGNOLI = castagnoliTables();

/** Eight tables, so that eight bytes are taken at a time. */
function castagnoliTables() {
  const tables = Array.from({ length: 8 }, () => new Int32Array(256));
  for (let byte = 0; byte < 256; byte++) {
    let value = byte;
    for (let bit = 0; bit < 8; bit++) value = value & 1 ? (value >>> 1) ^ 0x82f63b78 : value >>> 1;
    tables[0][byte] = value;
  }
  for (let byte = 0; byte < 256; byte++) {
    for (let table = 1; table < 8; table++) {
      const before = tables[table - 1][byte];
      tables[table][byte] = (before >>> 8) ^ tables[0][before & 0xff];
    }
  }
  return tables;
}

/**
 * CRC-32C, as an unsigned number.
 * @param {Buffer} bytes
 */
export function crc32c(bytes) {
  const [t0, t1, t2, t3, t4, t5, t6, t7] = CASTAGNOLI;
  let crc = -1;
  let at = 0;
  for (const end = bytes.length - 7; at < end; at += 8) {
    const low = crc ^ (bytes[at] | (bytes[at + 1] << 8) | (bytes[at + 2] << 16) | (bytes[at + 3] << 24));
    crc =
      t7[low & 0xff] ^ t6[(low >>> 8) & 0xff] ^ t5[(low >>> 16) & 0xff] ^ t4[low >>> 24] ^
      t3[bytes[at + 4]] ^ t2[bytes[at + 5]] ^ t1[bytes[at + 6]] ^ t0[bytes[at + 7]];
  }
  for (; at < bytes.length; at++) crc = (crc >>> 8) ^ t0[(crc ^ bytes[at]) & 0xff];
  return ~crc >>> 0;
}

/**
 * The digest of one page.
 * @param {number} algorithm
 * @param {Buffer} page
 * @returns {bigint}
 */
export function pageDigest(algorithm, page) {
  if (algorithm === Algorithm.SHA256) return createHash('sha256').update(page).digest().readBigUInt64BE(0);
  return (BigInt(crc32c(page)) << 32n) | BigInt(crc32(page));
}

/** @param {bigint} value */
function mix(value) {
  let z = BigInt.asUintN(64, value);
  z = BigInt.asUintN(64, (z ^ (z >> 30n)) * 0xbf58476d1ce4e5b9n);
  z = BigInt.asUintN(64, (z ^ (z >> 27n)) * 0x94d049bb133111ebn);
  return z ^ (z >> 31n);
}

/**
 * A page's digest, bound to its index.
 * @param {number} index
 * @param {bigint} digest
 */
export function mixed(index, digest) {
  return mix(digest + mix(BigInt(index + 1) * 0x9e3779b97f4a7c15n));
}

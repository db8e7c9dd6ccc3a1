// Checks of fields that several messages have (SPEC.md section 15.7).
import { require } from './errors.js';

const MIGRATION_ID = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/;
const IDENTITY = /^[\x21-\x7e]{1,255}$/;
const LAST_EPOCH = 2n ** 63n - 1n;
const EXTENTS_PER_MESSAGE = 8192;

/** @typedef {{ migration: string, epoch: bigint }} Attempt */

/**
 * @param {{ migrationId: string, epoch: string } | null | undefined} message AttemptRef
 * @returns {Attempt}
 */
export function attemptOf(message) {
  require(message && MIGRATION_ID.test(message.migrationId), 'FIELD_INVALID', 'The migration id is not a UUID in lower case.');
  const epoch = BigInt(message.epoch);
  require(epoch >= 1n && epoch <= LAST_EPOCH, 'FIELD_INVALID', 'The epoch is out of range.');
  return { migration: message.migrationId, epoch };
}

/** @param {unknown} text */
export function isIdentity(text) {
  return typeof text === 'string' && IDENTITY.test(text);
}

/** @param {{ identity: string } | null | undefined} peer PeerRef */
export function identityOf(peer) {
  require(isIdentity(peer?.identity), 'FIELD_INVALID', 'An identity is missing or malformed.');
  return peer.identity;
}

/**
 * @param {{ block: number, firstPage: string, pageCount: string }[]} messages
 * @param {import('./memory.js').Memory | null} memory
 * @returns {import('./memory.js').Extent[]}
 */
export function extentsOf(messages, memory) {
  checkNumber(messages);
  return messages.map((message) => extentOf(message, memory));
}

/** What can be checked without the geometry. */
export function checkNumber(extents) {
  require(extents.length <= EXTENTS_PER_MESSAGE, 'CHUNK_TOO_LARGE', 'A message has more than 8192 extents.');
}

/** @returns {import('./memory.js').Extent} */
export function extentOf({ block, firstPage, pageCount }, memory) {
  const extent = { block, firstPage: Number(firstPage), pageCount: Number(pageCount) };
  require(memory, 'PAGE_OUT_OF_RANGE', 'This peer knows no geometry of the guest.');
  memory.check(extent);
  return extent;
}

/**
 * @param {{ mostBytesPerSecond: string } | null} share TransferShare; priorities do nothing at a peer without an egress limit
 * @returns {number} bytes per second; Infinity: no limit
 */
export function rateOf(share) {
  const rate = BigInt(share?.mostBytesPerSecond ?? 0);
  require(rate < 2n ** 63n, 'FIELD_INVALID', 'The rate is out of range.');
  return rate === 0n ? Infinity : Number(rate);
}

/**
 * Cuts a sequence into batches of as many extents as a message may hold.
 * @template T
 * @param {Iterable<T>} extents
 * @returns {Generator<T[]>}
 */
export function* batches(extents) {
  let batch = [];
  for (const extent of extents) {
    batch.push(extent);
    if (batch.length === EXTENTS_PER_MESSAGE) {
      yield batch;
      batch = [];
    }
  }
  if (batch.length > 0) yield batch;
}

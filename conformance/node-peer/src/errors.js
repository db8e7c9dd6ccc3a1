// Errors of the protocol: a reason, its gRPC code, and how both travel (SPEC.md section 16).
import { Metadata, status } from '@grpc/grpc-js';

/** gRPC code of each reason that this peer tells. */
const CODES = Object.freeze({
  FIELD_INVALID: status.INVALID_ARGUMENT,
  PAGE_OUT_OF_RANGE: status.INVALID_ARGUMENT,
  CHUNK_TOO_LARGE: status.INVALID_ARGUMENT,
  GENERATION_INVALID: status.INVALID_ARGUMENT,
  CHECKSUM_MISMATCH: status.DATA_LOSS,
  GENERATION_CONFLICT: status.DATA_LOSS,
  DIGEST_MISMATCH: status.DATA_LOSS,
  GUEST_UNKNOWN: status.NOT_FOUND,
  PEER_UNKNOWN: status.NOT_FOUND,
  MIGRATION_UNKNOWN: status.NOT_FOUND,
  EPOCH_STALE: status.FAILED_PRECONDITION,
  ALREADY_OPEN: status.ALREADY_EXISTS,
  TOO_LATE: status.FAILED_PRECONDITION,
  GUEST_BUSY: status.FAILED_PRECONDITION,
  GUEST_EXISTS: status.ALREADY_EXISTS,
  GUEST_UNSUPPORTED: status.FAILED_PRECONDITION,
  GUEST_FAILED: status.INTERNAL,
  VERSION_MISMATCH: status.FAILED_PRECONDITION,
  CAPABILITY_MISSING: status.FAILED_PRECONDITION,
  STATE_CONFLICT: status.FAILED_PRECONDITION,
  IDENTITY_INVALID: status.UNAUTHENTICATED,
  IDENTITY_NOT_ADMITTED: status.PERMISSION_DENIED,
  SENDER_NOT_ANNOUNCED: status.PERMISSION_DENIED,
  PEER_NOT_SERVING: status.UNAVAILABLE,
  LIMIT_EXCEEDED: status.RESOURCE_EXHAUSTED,
  ATTEMPT_DISCARDED: status.ABORTED,
  DEADLINE_PASSED: status.DEADLINE_EXCEEDED,
  INTERNAL: status.INTERNAL,
});

/** @typedef {keyof typeof CODES} Reason */

/** A refusal with a reason of the registry. */
export class DcmError extends Error {
  /**
   * @param {Reason} reason
   * @param {string} sentence for the operator, without secrets
   */
  constructor(reason, sentence) {
    super(sentence);
    this.reason = reason;
  }
}

/**
 * Ends the request where the condition does not hold.
 * @param {unknown} condition
 * @param {Reason} reason
 * @param {string} sentence
 */
export function require(condition, reason, sentence) {
  if (!condition) throw new DcmError(reason, sentence);
}

/**
 * What grpc-js sends for an error: code, sentence and google.rpc.Status with one ErrorInfo.
 * @param {unknown} error
 */
export function toStatus(error) {
  const known = error instanceof DcmError ? error : new DcmError('INTERNAL', 'A defect of this peer; its log has the details.');
  if (known !== error) console.error(error);
  const code = CODES[known.reason];
  const details = printable(known.message);
  const info = concat(field(1, known.reason), field(2, 'dcm'));
  const any = concat(field(1, 'type.googleapis.com/google.rpc.ErrorInfo'), field(2, info));
  const metadata = new Metadata();
  metadata.set('grpc-status-details-bin', concat(Buffer.from([0x08, code]), field(2, details), field(3, any)));
  return { code, details, metadata };
}

/**
 * Text as it may be shown or logged: printable ASCII, at most 1000 characters.
 * @param {string} text
 */
export function printable(text) {
  return text.replace(/[^\x20-\x7e]/g, '?').slice(0, 1000);
}

/** A length-delimited field of a protobuf message. */
function field(number, value) {
  const bytes = Buffer.from(value);
  const head = [(number << 3) | 2];
  let length = bytes.length;
  for (; length > 0x7f; length >>>= 7) head.push((length & 0x7f) | 0x80);
  head.push(length);
  return Buffer.concat([Buffer.from(head), bytes]);
}

/** @param {...Buffer} parts */
function concat(...parts) {
  return Buffer.concat(parts);
}

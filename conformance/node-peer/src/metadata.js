// The metadata batch of a guest: collected message by message, judged as a whole (SPEC.md section 9).
import { require } from './errors.js';
import { PAGE_SIZE } from './digests.js';

const MOST_BATCH_BYTES = 16 * 2 ** 20;
const MOST_PREAMBLE_BYTES = 2 ** 20;
const MOST_MEMORY_BYTES = 2n ** 46n;
const bytesOf = (text) => Buffer.byteLength(text);

export class MetadataBatch {
  #expected;
  #records = [];
  #bytes = 0;

  /** @param {number} expected records */
  constructor(expected) {
    require(expected >= 1 && expected <= 1024, 'FIELD_INVALID', 'A batch has 1 to 1024 records.');
    this.#expected = expected;
  }

  /** @param {object} record MetadataRecord */
  add(record) {
    require(record.kind, 'FIELD_INVALID', 'A record has no kind that this peer knows.');
    require(this.#records.length < this.#expected, 'FIELD_INVALID', 'There are more records than the header says.');
    if (record.kind === 'preamble') {
      require(record.preamble.length <= MOST_PREAMBLE_BYTES, 'CHUNK_TOO_LARGE', 'The preamble is larger than 1 MiB.');
    }
    this.#bytes += record.preamble?.length ?? bytesOf(JSON.stringify(record));
    require(this.#bytes <= MOST_BATCH_BYTES, 'LIMIT_EXCEEDED', 'The batch is larger than 16 MiB.');
    this.#records.push(record);
  }

  /** @returns {{ sizes: number[], kind: string, canonical: string }} canonical: equal for equal records only */
  finish() {
    require(this.#records.length === this.#expected, 'FIELD_INVALID', 'There are fewer records than the header says.');
    const [first, ...others] = this.#records;
    require(first.kind === 'geometry' && others.every((record) => record.kind !== 'geometry'), 'FIELD_INVALID', 'The first record is the only geometry.');
    const guests = others.filter((record) => record.kind === 'guest');
    require(guests.length === 1 && others.length - guests.length <= 1, 'FIELD_INVALID', 'There are one guest description and at most one preamble.');
    const sizes = checkGeometry(first.geometry.blocks);
    const guest = checkGuest(guests[0].guest);
    const preamble = others.find((record) => record.kind === 'preamble')?.preamble.toString('base64');
    return { sizes, kind: guest.kind, canonical: JSON.stringify([first.geometry.blocks, guest.kind, guest.properties, preamble ?? null]) };
  }
}

function checkGeometry(blocks) {
  require(blocks.length >= 1 && blocks.length <= 4096, 'FIELD_INVALID', 'A geometry has 1 to 4096 blocks.');
  require(new Set(blocks.map(({ name }) => name)).size === blocks.length, 'FIELD_INVALID', 'Two blocks have one name.');
  let total = 0n;
  for (const { name, sizeBytes } of blocks) {
    require(bytesOf(name) >= 1 && bytesOf(name) <= 255 && !/\p{Cc}/u.test(name), 'FIELD_INVALID', "A block's name is malformed.");
    const size = BigInt(sizeBytes);
    require(size > 0n && size % BigInt(PAGE_SIZE) === 0n, 'FIELD_INVALID', "A block's size is no multiple of 4096 above 0.");
    total += size;
  }
  require(total <= MOST_MEMORY_BYTES, 'FIELD_INVALID', 'All blocks together are larger than 2^46 bytes.');
  return blocks.map(({ sizeBytes }) => Number(sizeBytes));
}

function checkGuest({ kind, properties }) {
  const entries = Object.entries(properties).sort(([a], [b]) => (a < b ? -1 : 1));
  require(bytesOf(kind) >= 1 && bytesOf(kind) <= 63, 'FIELD_INVALID', 'The kind of the guest is malformed.');
  require(entries.length <= 256, 'FIELD_INVALID', 'There are more than 256 properties.');
  for (const [key, value] of entries) require(bytesOf(key) <= 63 && bytesOf(value) <= 4096, 'FIELD_INVALID', 'A property is too long.');
  return { kind, properties: entries };
}

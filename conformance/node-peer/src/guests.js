// The guests that this peer owns. They live in memory only, and nothing runs in them: what arrived is kept.
import { DcmError, require } from './errors.js';

export class Guests {
  /** @type {Map<string, { memory: import('./memory.js').Memory, migration: string }>} */
  #guests = new Map();
  #holders;

  /** @param {() => Iterable<import('./holder.js').Holder>} holders whose shells have names, too */
  constructor(holders) {
    this.#holders = holders;
  }

  /** Whether somebody else than the holder has the name. */
  isTaken(name, holder) {
    return this.#guests.has(name) || [...this.#holders()].some((other) => other !== holder && other.shellName === name);
  }

  add(name, memory, migration) {
    this.#guests.set(name, { memory, migration });
  }

  /** @returns {string | undefined} the migration that a guest came by */
  migrationOf(name) {
    return this.#guests.get(name)?.migration;
  }

  get count() {
    return this.#guests.size;
  }

  list() {
    return [...this.#guests.keys()].map((name) => this.describe(name));
  }

  /** The digest is made anew from the bytes that are there now. */
  describe(name) {
    const guest = this.#guests.get(name);
    require(guest, 'GUEST_UNKNOWN', 'There is no guest of that name here.');
    const digest = guest.memory.recomputedDigest().toString(16).padStart(16, '0');
    return {
      name, kind: 'synthetic', state: 'GUEST_STATE_RUNNING', memoryBytes: guest.memory.bytes,
      details: { 'memory-digest': digest, 'arrived-by': guest.migration },
    };
  }

  delete(name) {
    if (!this.#guests.delete(name)) throw new DcmError('GUEST_UNKNOWN', 'There is no guest of that name here.');
  }
}

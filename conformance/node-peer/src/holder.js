// A migration as its destination and contributor sees it: the machine of SPEC.md sections 11.2 and 11.3, with its effects.
import { createHash } from 'node:crypto';
import { Decision } from './decision.js';
import { DcmError, require } from './errors.js';
import { Memory } from './memory.js';
import { Relay } from './relay.js';
import { Choice } from './voters.js';

const DESTINATION = ['OPENED', 'RECEIVING', 'PREPARED', 'DECIDING', 'OWNED'];
const CONTRIBUTOR = ['DETACHED', 'RELAYING', 'DRAINED', 'FAILED'];
const GRANTED = ['DECIDING', 'OWNED'];

/** States in which a request of the epoch in force is allowed. */
const ALLOWED = {
  open: [],
  metadata: ['OPENED'],
  transfer: ['RECEIVING'],
  inventory: ['OPENED', 'RECEIVING'],
  prepare: ['RECEIVING'],
  commit: ['PREPARED', ...GRANTED],
  destinationStatus: DESTINATION,
  detach: ['DETACHED'],
  relay: ['DETACHED'],
  skip: CONTRIBUTOR,
  contributorStatus: CONTRIBUTOR,
  forget: ['OPENED', 'RECEIVING', 'PREPARED', 'DECIDING', ...CONTRIBUTOR, 'FORGOTTEN'],
};

/** @typedef {keyof typeof ALLOWED} Request */

/**
 * @typedef {object} Surroundings what a holder needs of its peer
 * @property {import('./config.js').Config} config
 * @property {import('./journal.js').Journal} journal
 * @property {import('./voters.js').Voters} voters
 * @property {import('./transport.js').Clients} clients
 * @property {import('./guests.js').Guests} guests
 */

export class Holder {
  #peer;
  /** @type {'UNOPENED' | 'OPENED' | 'RECEIVING' | 'PREPARED' | 'DECIDING' | 'OWNED' | 'DETACHED' | 'RELAYING' | 'FORGOTTEN'} */
  #state = 'UNOPENED';
  #epoch = 0n;
  #guest = '';
  #algorithm = 0;
  #contributors = new Set();
  #leaseMs = 0;
  #leaseTimer;
  /** @type {Memory | null} */
  #memory = null;
  #metadata = '';
  /** Pages held when the guest took the memory over. */
  #heldByGuest = 0;
  /** @type {Map<string, { acceptedPages: number, duplicatePages: number, payloadBytes: number }>} */
  #senders = new Map();
  /** @type {Set<import('./transport.js').Outgoing>} */
  #transfers = new Set();
  /** @type {import('./transport.js').Outgoing | null} the stream that the answer to Prepare or Commit goes to */
  #switchover = null;
  #digest = 0n;
  #commitAt = 0;
  /** @type {Decision | null} */
  #decision = null;
  #newDestination = '';
  /** @type {Relay | null} */
  #relay = null;

  /**
   * @param {Surroundings} peer
   * @param {string} migration
   * @param {string} source identity of the peer that opened it first
   */
  constructor(peer, migration, source) {
    this.#peer = peer;
    this.migration = migration;
    this.source = source;
  }

  /** A holder as the journal tells of it; its guest and pages were in memory and are gone. */
  static recovered(peer, records) {
    const last = records.at(-1);
    const holder = new Holder(peer, last.migration, last.source);
    holder.#epoch = records.map(({ epoch }) => BigInt(epoch)).reduce((a, b) => (a > b ? a : b));
    if (last.type === 'OWNED') {
      // It was decided that the guest is here, and it may have run: nobody is told otherwise.
      holder.#state = 'OWNED';
      holder.#digest = BigInt(last.digest);
      holder.#guest = last.guest;
    } else if (last.type === 'FORGOT') {
      holder.#state = 'FORGOTTEN';
    } else {
      holder.#forget(holder.#epoch);
    }
    return holder;
  }

  /** Whether it counts against the limit of migrations. */
  get active() {
    return !['UNOPENED', 'FORGOTTEN', 'OWNED'].includes(this.#state);
  }

  get state() {
    return this.#state === 'RELAYING' ? this.#relay.state : this.#state;
  }

  /** The name that this migration keeps for its guest, while the shell stands. */
  get shellName() {
    return ['RECEIVING', 'PREPARED', 'DECIDING'].includes(this.#state) ? this.#guest : '';
  }

  /**
   * Refuses what the state does not allow; changes nothing.
   * @param {Request} request
   * @param {bigint} epoch
   */
  admit(request, epoch) {
    const state = this.state;
    const refuse = (reason) => {
      throw new DcmError(reason, `In ${state} of epoch ${this.#epoch} this is refused.`);
    };
    if (epoch < this.#epoch) refuse('EPOCH_STALE');
    const changesEpoch = request === 'open' || request === 'forget' || request === 'detach';
    if (epoch > this.#epoch && !changesEpoch) refuse('STATE_CONFLICT');
    if (state === 'FORGOTTEN') {
      if (request === 'forget' || (request === 'open' && epoch > this.#epoch)) return;
      if (request === 'open') refuse('ALREADY_OPEN');
      refuse(request === 'prepare' || request === 'commit' ? 'ATTEMPT_DISCARDED' : 'MIGRATION_UNKNOWN');
    }
    if (ALLOWED[request].includes(state)) return;
    if (GRANTED.includes(state)) refuse('TOO_LATE');
    if (epoch > this.#epoch) return;
    refuse(request === 'open' && DESTINATION.includes(state) ? 'ALREADY_OPEN' : 'STATE_CONFLICT');
  }

  /** A call of the source was heard. */
  renewLease() {
    clearTimeout(this.#leaseTimer);
    if (!this.active || this.#state === 'DECIDING') return;
    this.#leaseTimer = setTimeout(() => this.active && this.#state !== 'DECIDING' && this.#forget(this.#epoch), this.#leaseMs);
  }

  /** @param {{ epoch: bigint, guest: string, algorithm: number, contributors: string[], leaseMs: number }} opening */
  open({ epoch, guest, algorithm, contributors, leaseMs }) {
    const held = this.#memory?.heldPages ?? 0;
    require(held === 0 || (guest === this.#guest && algorithm === this.#algorithm), 'FIELD_INVALID', 'Pages are held of another guest or digest.');
    this.#journal('OPENED', { epoch: String(epoch) });
    this.#endEpoch(new DcmError('EPOCH_STALE', 'Another epoch began.'));
    if (held === 0) this.#memory = null;
    this.#epoch = epoch;
    this.#state = 'OPENED';
    this.#guest = guest;
    this.#algorithm = algorithm;
    this.#contributors = new Set(contributors);
    this.#leaseMs = leaseMs;
    this.renewLease();
    return { version: 1, heldPages: held };
  }

  /** @param {{ sizes: number[], kind: string, canonical: string }} metadata */
  setUp({ sizes, kind, canonical }) {
    require(!this.#memory || canonical === this.#metadata, 'FIELD_INVALID', 'The metadata differ from those of an earlier epoch.');
    require(kind === 'synthetic', 'GUEST_UNSUPPORTED', 'This peer runs synthetic guests only.');
    require(!this.#peer.guests.isTaken(this.#guest, this), 'GUEST_EXISTS', 'Another guest has the name.');
    const bytes = sizes.reduce((sum, size) => sum + size, 0);
    require(bytes <= this.#peer.config.limits.memoryBytes, 'LIMIT_EXCEEDED', 'The guest has more memory than this peer takes.');
    this.#memory ??= new Memory(sizes, this.#algorithm);
    this.#metadata = canonical;
    this.#state = 'RECEIVING';
  }

  get memory() {
    return this.#memory;
  }

  /**
   * Admits a sender.
   * @param {string} sender
   * @param {import('./transport.js').Outgoing} outgoing ended when transfers are
   */
  beginTransfer(sender, outgoing) {
    require(sender === this.source || this.#contributors.has(sender), 'SENDER_NOT_ANNOUNCED', 'Neither the source nor an announced contributor.');
    if (!this.#senders.has(sender)) this.#senders.set(sender, { acceptedPages: 0, duplicatePages: 0, payloadBytes: 0 });
    this.#transfers.add(outgoing);
    return this.#senders.get(sender);
  }

  /** @param {import('./transport.js').Outgoing} outgoing */
  endTransfer(outgoing) {
    this.#transfers.delete(outgoing);
  }

  /**
   * All device state is there: verifies the memory, and takes the state.
   * @param {bigint} expected digest
   * @param {import('./transport.js').Outgoing} outgoing
   */
  prepare(expected, outgoing) {
    this.#cutTransfers(new DcmError('STATE_CONFLICT', 'The guest has stopped.'));
    const digest = this.#memory.digest();
    const { missingPages } = this.#memory;
    if (missingPages > 0 || digest !== expected) {
      outgoing.write({ incomplete: { memoryDigest: String(digest), missingPages } });
      return;
    }
    this.#journal('PREPARED', { digest: String(digest) });
    this.#state = 'PREPARED';
    this.#digest = digest;
    this.#switchover = outgoing;
    outgoing.write({ prepared: { memoryDigest: String(digest) } });
  }

  /**
   * @param {bigint} digest
   * @param {string | null} witness
   * @param {import('./transport.js').Outgoing} outgoing
   */
  commit(digest, witness, outgoing) {
    require(digest === this.#digest, 'DIGEST_MISMATCH', 'Another digest was prepared.');
    if (this.#switchover !== outgoing) this.#cutSwitchover(new DcmError('STATE_CONFLICT', 'A newer stream has taken the place of this one.'));
    this.#switchover = outgoing;
    if (this.#state === 'DECIDING') return this.#decision.askAll();
    this.#commitAt = performance.now();
    if (this.#state === 'OWNED') return this.#run();
    this.#takeGrant(witness);
  }

  #takeGrant(witness) {
    const { voters, clients, config } = this.#peer;
    const attempt = { migration: this.migration, epoch: this.#epoch };
    const granted = this.#record('GRANTED', { digest: String(this.#digest), destination: config.identity, witness });
    if (witness) voters.grant(granted, { ...attempt, source: this.source, destination: config.identity });
    else this.#peer.journal.write(granted);
    this.#state = 'DECIDING';
    clearTimeout(this.#leaseTimer);
    this.#decision = new Decision({
      attempt, source: this.source, witness, voters, ask: clients.ask,
      decided: (choice) => (choice === Choice.DESTINATION ? this.#own() : this.#forget(this.#epoch)),
    });
  }

  #own() {
    const owned = this.#record('OWNED', { digest: String(this.#digest), guest: this.#guest });
    this.#peer.voters.settle(owned, this.migration, String(this.#epoch), Choice.DESTINATION);
    this.#state = 'OWNED';
    this.#decision = null;
    this.#peer.guests.add(this.#guest, this.#memory, this.migration);
    this.#heldByGuest = this.#memory.heldPages;
    this.#memory = null;
    this.#run();
  }

  /** Tells the newest stream that the guest runs, where it does. */
  #run() {
    if (this.#peer.guests.migrationOf(this.#guest) === this.migration) {
      this.#switchover?.write({ running: { resumeNs: String(Math.round((performance.now() - this.#commitAt) * 1e6)) } });
      this.#switchover?.answered?.();
    } else {
      this.#switchover?.fail(new DcmError('GUEST_FAILED', 'The guest is owned here, and its memory is gone.'));
    }
  }

  /**
   * @param {bigint} epoch
   * @param {string} newDestination
   */
  detach(epoch, newDestination) {
    require(this.#peer.clients.knows(newDestination), 'PEER_UNKNOWN', 'The new destination is not configured here.');
    // Said again: the destination named first stays the one.
    if (epoch === this.#epoch) return;
    this.#journal('RETIRED', { epoch: String(epoch), newDestination });
    this.#endEpoch(new DcmError('EPOCH_STALE', 'Another epoch began.'));
    this.#epoch = epoch;
    this.#newDestination = newDestination;
    this.#state = 'DETACHED';
  }

  /**
   * @param {import('./memory.js').Extent[]} extents
   * @param {number} rate
   */
  relay(extents, rate) {
    this.#state = 'RELAYING';
    this.#relay = new Relay(this.#memory, extents, rate);
    this.#relay.run(this.#peer.clients, this.#newDestination, { migration: this.migration, epoch: this.#epoch });
    return { pageCount: this.#relay.pageCount };
  }

  /** @param {import('./memory.js').Extent[]} extents */
  skip(extents) {
    return { skippedPages: this.#relay?.skip(extents) ?? 0 };
  }

  destinationStatus() {
    const senders = [...this.#senders].map(([identity, progress]) => ({ sender: { identity }, ...progress }));
    return { state: `DESTINATION_STATE_${this.#state}`, heldPages: this.#memory?.heldPages ?? this.#heldByGuest, senders };
  }

  /** @param {number} rate in force from now on */
  contributorStatus(rate) {
    if (this.#relay) this.#relay.rate = rate;
    const { waitingPages = 0, relayedPages = 0, payloadBytes = 0, failure = '' } = this.#relay ?? {};
    const state = this.state;
    return { state: `CONTRIBUTOR_STATE_${state}`, waitingPages, relayedPages, payloadBytes, failure: state === 'FAILED' ? failure : '' };
  }

  /** Abort and Release. */
  forget(epoch) {
    if (this.#state !== 'FORGOTTEN' || epoch > this.#epoch) this.#forget(epoch);
  }

  /** The peer stops: what has no grant is given up. */
  shutDown() {
    if (this.active && this.#state !== 'DECIDING') this.#forget(this.#epoch);
  }

  #forget(epoch) {
    this.#journal('FORGOT', { epoch: String(epoch) });
    this.#epoch = epoch;
    this.#state = 'FORGOTTEN';
    this.#decision?.stop();
    this.#decision = null;
    this.#endEpoch(new DcmError('ATTEMPT_DISCARDED', 'This peer has given the attempt up.'));
    this.#memory = null;
    clearTimeout(this.#leaseTimer);
  }

  #endEpoch(why) {
    this.#relay?.stop();
    this.#relay = null;
    this.#cutTransfers(why);
    this.#cutSwitchover(why);
    this.#senders.clear();
  }

  #cutTransfers(why) {
    for (const outgoing of [...this.#transfers]) outgoing.fail(why);
    this.#transfers.clear();
  }

  #cutSwitchover(why) {
    this.#switchover?.fail(why);
    this.#switchover = null;
  }

  #record(type, fields) {
    return { type, migration: this.migration, epoch: String(this.#epoch), source: this.source, ...fields };
  }

  #journal(type, fields) {
    this.#peer.journal.write(this.#record(type, fields));
  }
}

/**
 * The device state of one Prepare, piece by piece.
 */
export class DeviceState {
  #expected;
  #sha256;
  #bytes = 0;
  #hash = createHash('sha256');

  constructor(bytes, sha256) {
    require(BigInt(bytes) <= 32n * 2n ** 20n, 'CHUNK_TOO_LARGE', 'The device state is larger than 32 MiB.');
    require(sha256.length === 32, 'FIELD_INVALID', 'A SHA-256 has 32 bytes.');
    this.#expected = Number(bytes);
    this.#sha256 = sha256;
  }

  add(piece) {
    this.#bytes += piece.length;
    require(piece.length >= 1 && piece.length <= 256 * 1024 && this.#bytes <= this.#expected, 'CHUNK_TOO_LARGE', 'A piece is empty, larger than 256 KiB or more than announced.');
    this.#hash.update(piece);
  }

  finish() {
    require(this.#bytes === this.#expected && this.#hash.digest().equals(this.#sha256), 'DIGEST_MISMATCH', 'The device state is not what was announced.');
  }
}

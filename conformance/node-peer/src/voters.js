// Seats of this peer in commit decisions, as destination and as witness (SPEC.md sections 11.4, 13.10).
import { require } from './errors.js';

export const Choice = Object.freeze({ SOURCE: 1, DESTINATION: 2 });

/** Stands for the owner in the answer of a seat that has ended; ballots that are asked in are lower. */
export const OWNER_BALLOT = 1_000_000_000;

/**
 * @typedef {{ ballot: number, choice: number }} Vote
 * @typedef {object} Seat
 * @property {string} migration
 * @property {string} epoch
 * @property {'destination' | 'witness'} role
 * @property {string} source
 * @property {string} destination
 * @property {number} promised
 * @property {Vote | null} accepted
 * @property {number | null} owner the choice that the attempt has ended with
 */

export class Voters {
  #journal;
  #openSeats;
  /** @type {Map<string, Seat>} */
  #seats = new Map();

  /**
   * @param {import('./journal.js').Journal} journal
   * @param {number} openSeats at which Appoint is refused
   */
  constructor(journal, openSeats) {
    this.#journal = journal;
    this.#openSeats = openSeats;
    for (const record of journal.past) if (record.type === 'SEAT') this.#take(record);
  }

  /** @param {Seat} seat */
  #take(seat) {
    this.#seats.set(key(seat.migration, seat.epoch), seat);
  }

  /** @param {Seat} seat */
  #write(seat) {
    this.#journal.write(record(seat));
    this.#take(seat);
  }

  /** @returns {Seat | undefined} */
  seat(migration, epoch) {
    return this.#seats.get(key(migration, epoch));
  }

  /** The seat of a destination that takes the grant with a witness; GRANTED goes to disk in the same write. */
  grant(granted, { migration, epoch, source, destination }) {
    const accepted = { ballot: 0, choice: Choice.DESTINATION };
    const seat = { migration, epoch: String(epoch), role: 'destination', source, destination, promised: 0, accepted, owner: null };
    this.#journal.write(granted, record(seat));
    this.#take(seat);
  }

  /** Ends this peer's own seat, where it has one, in the same write as the destination's record. */
  settle(settled, migration, epoch, owner) {
    const seat = this.seat(migration, epoch);
    if (!seat) return this.#journal.write(settled);
    const ended = { ...seat, owner };
    this.#journal.write(settled, record(ended));
    this.#take(ended);
  }

  /**
   * @param {import('./fields.js').Attempt} attempt
   * @param {string} source the caller
   * @param {string} destination
   */
  appoint({ migration, epoch }, source, destination) {
    const seats = [...this.#seats.values()].filter((seat) => seat.migration === migration);
    require(seats.every((seat) => seat.source === source), 'IDENTITY_NOT_ADMITTED', 'Another peer is the source of this migration.');
    require(seats.every((seat) => BigInt(seat.epoch) <= epoch), 'EPOCH_STALE', 'A higher epoch is witnessed.');
    const seat = this.seat(migration, epoch);
    if (seat) {
      require(seat.destination === destination, 'ALREADY_OPEN', 'The attempt is witnessed for another destination.');
      return;
    }
    const open = [...this.#seats.values()].filter((other) => other.owner === null).length;
    require(open < this.#openSeats, 'LIMIT_EXCEEDED', 'As many seats are open as this peer allows.');
    this.#write({ migration, epoch: String(epoch), role: 'witness', source, destination, promised: 0, accepted: null, owner: null });
  }

  /**
   * @param {Seat} seat
   * @param {number} ballot
   * @returns {{ promised: number, accepted: Vote | null }} the promise was given if it is the ballot asked for
   */
  promise(seat, ballot) {
    if (seat.owner !== null) return { promised: ballot, accepted: { ballot: OWNER_BALLOT, choice: seat.owner } };
    if (ballot > seat.promised) this.#write({ ...seat, promised: ballot });
    return { promised: Math.max(ballot, seat.promised), accepted: seat.accepted };
  }

  /**
   * @param {Seat} seat
   * @param {Vote} vote
   * @returns {number} the ballot promised; the vote was accepted if it is the one asked for
   */
  accept(seat, { ballot, choice }) {
    if (seat.owner !== null) return choice === seat.owner ? ballot : ballot + 1;
    if (ballot < seat.promised) return seat.promised;
    if (seat.accepted?.ballot !== ballot || seat.accepted.choice !== choice) {
      this.#write({ ...seat, promised: ballot, accepted: { ballot, choice } });
    }
    return ballot;
  }

  /** Ends the witness's seats of the migration up to the epoch. */
  dismiss({ migration, epoch }, caller, owner) {
    const seats = [...this.#seats.values()].filter((seat) => seat.migration === migration && seat.role === 'witness');
    require(seats.every((seat) => seat.source === caller), 'IDENTITY_NOT_ADMITTED', 'Another peer is the source of this migration.');
    for (const seat of seats) {
      if (BigInt(seat.epoch) <= epoch && seat.owner !== owner) this.#write({ ...seat, owner });
    }
  }

  /**
   * The seat that a question is for; a ballot belongs to who asks.
   * @param {import('./fields.js').Attempt} attempt
   * @param {string} caller
   * @param {number} ballot
   */
  asked({ migration, epoch }, caller, ballot) {
    const seat = this.seat(migration, epoch);
    require(seat, 'MIGRATION_UNKNOWN', 'This peer does not vote on the attempt.');
    require(caller === seat.source || caller === seat.destination, 'IDENTITY_NOT_ADMITTED', 'Only source and destination of the attempt may ask.');
    require((ballot % 2 === 1) === (caller === seat.source), 'FIELD_INVALID', 'The ballot is of the other side.');
    return seat;
  }
}

const key = (migration, epoch) => `${migration}/${epoch}`;

/** @param {Seat} seat */
const record = (seat) => ({ type: 'SEAT', ...seat });

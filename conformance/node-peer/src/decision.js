// The destination as proposer: asks for votes until it is decided who owns the guest (SPEC.md section 13.10).
import { Choice } from './voters.js';

const ROUND_MS = 500;
/** A proposer that was outbid begins a ballot at every third round only, so that two do not outbid each other for ever. */
const ROUNDS_PER_BALLOT = 3;

/**
 * @callback Ask
 * @param {string} identity of the voter
 * @param {'promise' | 'accept'} method
 * @param {object} request
 * @returns {Promise<{ promisedBallot: string, accepted: { ballot: string, choice: number } | null }>}
 */

export class Decision {
  #attempt;
  #others;
  #voters;
  #ask;
  #decided;
  #majority;
  #ballot = 0;
  #choice = Choice.DESTINATION;
  /** @type {'promise' | 'accept'} */
  #phase = 'accept';
  /** @type {Map<string, import('./voters.js').Vote | null>} who said yes in this phase, with what had been accepted before */
  #yes = new Map();
  #outbidBy = 0;
  #rounds = 0;
  #timer;

  /**
   * @param {object} options
   * @param {import('./fields.js').Attempt} options.attempt
   * @param {string} options.source
   * @param {string | null} options.witness with a witness this peer has a seat, and has voted in ballot 0
   * @param {import('./voters.js').Voters} options.voters
   * @param {Ask} options.ask
   * @param {(choice: number) => void} options.decided called once
   */
  constructor({ attempt, source, witness, voters, ask, decided }) {
    this.#attempt = attempt;
    this.#others = witness ? [source, witness] : [source];
    this.#majority = witness ? 2 : 1;
    this.#voters = voters;
    this.#ask = ask;
    this.#decided = decided;
    if (witness) this.#yes.set('self', null);
    this.#timer = setInterval(() => this.#nextRound(), ROUND_MS);
    this.askAll();
  }

  stop() {
    clearInterval(this.#timer);
    this.#decided = () => {};
  }

  /** Asks the questions of this phase, of everybody who has not said yes. */
  askAll() {
    for (const voter of this.#others) if (!this.#yes.has(voter)) this.#askOne(voter);
  }

  async #askOne(voter) {
    const asked = { ballot: this.#ballot, phase: this.#phase };
    const attempt = { migrationId: this.#attempt.migration, epoch: String(this.#attempt.epoch) };
    const request = asked.phase === 'promise'
      ? { attempt, ballot: asked.ballot }
      : { attempt, vote: { ballot: asked.ballot, choice: this.#choice } };
    let answer;
    try {
      answer = await this.#ask(voter, asked.phase, request);
    } catch {
      return; // Whatever it was, the voter may have voted: it is asked again.
    }
    if (asked.ballot !== this.#ballot || asked.phase !== this.#phase) return;
    const { accepted } = answer;
    this.#answered(voter, Number(answer.promisedBallot), accepted && { ballot: Number(accepted.ballot), choice: accepted.choice });
  }

  #answered(voter, promised, accepted) {
    if (promised !== this.#ballot) {
      this.#outbidBy = Math.max(this.#outbidBy, promised);
      return;
    }
    this.#yes.set(voter, accepted);
    if (this.#yes.size < this.#majority) return;
    if (this.#phase === 'promise') this.#secondPhase();
    else this.#end();
  }

  #nextRound() {
    this.#rounds++;
    if (this.#outbidBy > this.#ballot) {
      if (this.#rounds % ROUNDS_PER_BALLOT === 0) this.#firstPhase();
    } else {
      this.askAll();
    }
  }

  #firstPhase() {
    const above = Math.max(this.#outbidBy, this.#ownSeat()?.promised ?? 0);
    this.#ballot = above + 2 - (above % 2);
    this.#phase = 'promise';
    this.#yes.clear();
    const seat = this.#ownSeat();
    // Its own promise is on disk before anybody else is asked.
    if (seat) this.#yes.set('self', this.#voters.promise(seat, this.#ballot).accepted);
    this.askAll();
  }

  #secondPhase() {
    const highest = [...this.#yes.values()].reduce((best, vote) => (vote && vote.ballot >= (best?.ballot ?? 0) ? vote : best), null);
    this.#choice = highest?.choice ?? Choice.DESTINATION;
    this.#phase = 'accept';
    this.#yes.clear();
    const seat = this.#ownSeat();
    if (seat) {
      const promised = this.#voters.accept(seat, { ballot: this.#ballot, choice: this.#choice });
      if (promised !== this.#ballot) {
        this.#outbidBy = promised;
        return;
      }
      this.#yes.set('self', null);
    }
    this.askAll();
  }

  #ownSeat() {
    return this.#majority === 1 ? undefined : this.#voters.seat(this.#attempt.migration, this.#attempt.epoch);
  }

  #end() {
    const decided = this.#decided;
    this.stop();
    decided(this.#choice);
  }
}

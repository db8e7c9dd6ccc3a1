// A contributor's relay: pages held go to the new destination at their generations (SPEC.md section 13.2).
import { once } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';
import { crc32c } from './digests.js';
import { printable, require } from './errors.js';

const PAGES_PER_CHUNK = 256;
/** What protobuf and gRPC add to the pages of a chunk, at the most. */
const CHUNK_OVERHEAD = 64;
const PAGE_ON_WIRE = 4096 + CHUNK_OVERHEAD;
/** What may go out at once beyond the rate, see DCM-LIM-002. */
const ALLOWANCE = 256 * 1024;
const STALL_MS = 30_000;

export class Relay {
  #memory;
  #call;
  /** @type {Uint8Array} 1: the page waits */
  #waiting;
  /** Pages of chunks that are under way, oldest first. */
  #unacknowledged = [];
  #sentChunks = 0;
  #acknowledgedChunks = 0;
  #stopped = false;
  #stall;

  waitingPages = 0;
  relayedPages = 0;
  payloadBytes = 0;
  failure = '';
  /** @type {'RELAYING' | 'DRAINED' | 'FAILED'} */
  state = 'RELAYING';

  /**
   * @param {import('./memory.js').Memory | null} memory null: nothing was ever held
   * @param {import('./memory.js').Extent[]} extents to relay, as far as held
   * @param {number} rate bytes per second
   */
  constructor(memory, extents, rate) {
    this.#memory = memory;
    this.rate = rate;
    this.#waiting = new Uint8Array(memory?.totalPages ?? 0);
    for (const extent of extents) this.#each(extent, (index) => {
      if (memory.isHeld(index) && !this.#waiting[index]) {
        this.#waiting[index] = 1;
        this.waitingPages++;
      }
    });
    this.pageCount = this.waitingPages;
  }

  #each(extent, visit) {
    const { from, to } = this.#memory.indices(extent);
    for (let index = from; index < to; index++) visit(index);
  }

  /**
   * Takes waiting pages off.
   * @param {import('./memory.js').Extent[]} extents
   * @returns {number} how many
   */
  skip(extents) {
    const before = this.waitingPages;
    for (const extent of extents) this.#each(extent, (index) => {
      this.waitingPages -= this.#waiting[index];
      this.#waiting[index] = 0;
    });
    return before - this.waitingPages;
  }

  /**
   * @param {import('./transport.js').Clients} clients
   * @param {string} destination identity
   * @param {import('./fields.js').Attempt} attempt
   */
  async run(clients, destination, { migration, epoch }) {
    try {
      const call = (this.#call = clients.of(destination).TransferService.transfer());
      const ended = new Promise((resolve, reject) => {
        call.on('status', (status) => (status.code === 0 ? resolve() : reject(new Error(status.details))));
        call.on('error', () => {}); // The status says the same.
        call.on('data', ({ acknowledgedChunks }) => this.#acknowledged(Number(acknowledgedChunks)));
      });
      const early = ended.then(() => Promise.reject(new Error('The destination ended the transfer early.')));
      early.catch(() => {});
      this.#progress();
      await this.#send(call, { open: { attempt: { migrationId: migration, epoch: String(epoch) } } }, early);
      await this.#sendPages(call, early);
      call.end();
      await ended;
      require(this.#acknowledgedChunks === this.#sentChunks, 'INTERNAL', 'The destination ended the transfer without acknowledging all of it.');
      this.state = 'DRAINED';
    } catch (failure) {
      this.state = 'FAILED';
      this.failure ||= printable(failure.message) || 'The destination ended the transfer and did not say why.';
      this.#call?.cancel();
    } finally {
      clearTimeout(this.#stall);
    }
  }

  /** Ends the relay; what it has sent stays where it is. */
  stop() {
    this.#stopped = true;
    this.failure ||= 'The relay was ended.';
    this.#call?.cancel();
  }

  async #sendPages(call, early) {
    let last = performance.now();
    let tokens = ALLOWANCE;
    for (let index = 0; index < this.#waiting.length; ) {
      if (this.#stopped) throw new Error('The relay was ended.');
      if (!this.#waiting[index]) {
        index++;
        continue;
      }
      const now = performance.now();
      tokens = Math.min(ALLOWANCE, tokens + (this.rate === Infinity ? ALLOWANCE : ((now - last) / 1000) * this.rate));
      last = now;
      if (tokens < 0) {
        // Short naps, so that a new rate or a skip takes effect on what waits.
        this.#progress();
        await Promise.race([sleep(Math.min(50, (-tokens / this.rate) * 1000 + 1)), early]);
        continue;
      }
      const most = Math.max(1, Math.min(PAGES_PER_CHUNK, Math.floor(this.rate / 10 / PAGE_ON_WIRE)));
      const { extent, generation, payload } = this.#memory.chunkAt(index, most, (next) => this.#waiting[next] === 1);
      this.skip([extent]);
      this.#sentChunks++;
      this.#unacknowledged.push(extent.pageCount);
      this.payloadBytes += payload?.length ?? 0;
      tokens -= (payload?.length ?? 0) + CHUNK_OVERHEAD;
      const chunk = { ...extent, generation, payloadCrc32c: payload ? crc32c(payload) : 0, payload: payload ?? Buffer.alloc(0) };
      await this.#send(call, { chunk }, early);
    }
  }

  async #send(call, message, early) {
    if (!call.write(message)) await Promise.race([once(call, 'drain'), early]);
  }

  #acknowledged(chunks) {
    if (chunks < this.#acknowledgedChunks || chunks > this.#sentChunks) {
      this.failure ||= 'The destination acknowledged what was not sent.';
      this.#call.cancel();
      return;
    }
    for (; this.#acknowledgedChunks < chunks; this.#acknowledgedChunks++) this.relayedPages += this.#unacknowledged.shift();
    this.#progress();
  }

  /** A destination from which nothing comes for too long is lost. */
  #progress() {
    clearTimeout(this.#stall);
    this.#stall = setTimeout(() => {
      this.failure ||= 'The destination acknowledged nothing for 30 s.';
      this.#call?.cancel();
    }, STALL_MS);
  }
}

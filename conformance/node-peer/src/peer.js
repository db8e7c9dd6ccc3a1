// The services of a peer: messages are checked here, and handed to the machines (SPEC.md section 15).
import { DeviceState, Holder } from './holder.js';
import { crc32c, PAGE_SIZE } from './digests.js';
import { attemptOf, batches, checkNumber, extentOf, extentsOf, identityOf, isIdentity, rateOf } from './fields.js';
import { Guests } from './guests.js';
import { printable, require } from './errors.js';
import { Journal } from './journal.js';
import { MetadataBatch } from './metadata.js';
import { Clients, Endpoint } from './transport.js';
import { Choice, OWNER_BALLOT, Voters } from './voters.js';

const VERSIONS = [1];
const CAPABILITIES = ['contributor', 'witness', 'guest.synthetic'];
const PAGES_PER_CHUNK = 256;
const ZSTD = 1;

export class Peer {
  #config;
  #journal;
  #voters;
  #clients;
  #endpoint;
  #guests;
  /** @type {Map<string, Holder>} */
  #holders = new Map();

  /** @param {import('./config.js').Config} config */
  constructor(config) {
    this.#config = config;
    this.#journal = new Journal(config.stateDirectory);
    this.#voters = new Voters(this.#journal, config.limits.openSeats);
    this.#clients = new Clients(config);
    this.#guests = new Guests(() => this.#holders.values());
    this.#endpoint = new Endpoint(config);
    this.#recover();
  }

  #recover() {
    const records = this.#journal.past.filter(({ type }) => type !== 'SEAT');
    for (const [migration, own] of byMigration(records)) {
      this.#holders.set(migration, Holder.recovered(this.#surroundings(), own));
    }
  }

  #surroundings() {
    return { config: this.#config, journal: this.#journal, voters: this.#voters, clients: this.#clients, guests: this.#guests };
  }

  /** @returns {Promise<number>} the port */
  start() {
    const onlyPeers = () => 'peers';
    this.#endpoint.add('DestinationService', onlyPeers, this.#destinationService());
    this.#endpoint.add('TransferService', onlyPeers, { transfer: (caller, outgoing) => this.#transfer(caller, outgoing) });
    this.#endpoint.add('ContributorService', onlyPeers, this.#contributorService());
    this.#endpoint.add('DecisionService', onlyPeers, this.#decisionService());
    this.#endpoint.add('PeerService', (method) => (method === 'deleteGuest' ? 'operators' : 'both'), this.#peerService());
    // Recovery was decided in the constructor: a peer that answers serves.
    this.#endpoint.add('Health', () => 'anybody', { check: () => ({ status: 'SERVING' }) });
    return this.#endpoint.listen();
  }

  stop() {
    for (const holder of this.#holders.values()) holder.shutDown();
    this.#endpoint.close();
    this.#clients.close();
  }

  /**
   * The holder that a call of the source is for.
   * @param {import('./holder.js').Request} request
   */
  #holder(request, { migration, epoch }, caller) {
    const holder = this.#holders.get(migration);
    require(holder, 'MIGRATION_UNKNOWN', 'This peer knows no such migration.');
    if (request !== 'transfer') require(caller === holder.source, 'IDENTITY_NOT_ADMITTED', 'Another peer is the source of this migration.');
    holder.admit(request, epoch);
    if (request !== 'transfer') holder.renewLease();
    return holder;
  }

  #destinationService() {
    return {
      open: (request, caller) => this.#open(request, caller),
      resendMetadata: (caller) => this.#resendMetadata(caller),
      getInventory: ({ attempt }, caller) => inventory(this.#holder('inventory', attemptOf(attempt), caller)),
      getSegmentDigests: ({ attempt }, caller) => segments(this.#holder('inventory', attemptOf(attempt), caller)),
      switchover: (caller, outgoing) => this.#switchover(caller, outgoing),
      getDestinationStatus: ({ attempt }, caller) => this.#holder('destinationStatus', attemptOf(attempt), caller).destinationStatus(),
      abort: ({ attempt }, caller) => this.#forget(attemptOf(attempt), caller),
    };
  }

  #open(request, caller) {
    const attempt = attemptOf(request.attempt);
    const { versions, requiredCapabilities, guestName, contributors, digestAlgorithm, leaseMs } = request;
    require(versions.length >= 1, 'FIELD_INVALID', 'No version is listed.');
    require(requiredCapabilities.length <= 64 && requiredCapabilities.every((name) => name.length >= 1 && name.length <= 64), 'FIELD_INVALID', 'The capabilities are malformed.');
    require(/^[a-z0-9-]{1,63}$/.test(guestName), 'FIELD_INVALID', 'The name of the guest is malformed.');
    require(contributors.length <= 64, 'FIELD_INVALID', 'There are more than 64 contributors.');
    const announced = contributors.map(identityOf);
    const algorithm = algorithmOf(digestAlgorithm);
    require(leaseMs >= 1000 && leaseMs <= 3_600_000, 'FIELD_INVALID', 'The lease is out of range.');
    require(versions.some((version) => VERSIONS.includes(version)), 'VERSION_MISMATCH', 'This peer speaks version 1.');
    const missing = requiredCapabilities.find((name) => !CAPABILITIES.includes(name));
    require(missing === undefined, 'CAPABILITY_MISSING', `This peer does not offer ${missing}.`);

    const known = this.#holders.get(attempt.migration);
    if (known) {
      require(caller === known.source, 'IDENTITY_NOT_ADMITTED', 'Another peer is the source of this migration.');
      known.admit('open', attempt.epoch);
    }
    if (!known?.active) {
      const active = [...this.#holders.values()].filter((holder) => holder.active).length;
      require(active < this.#config.limits.migrations, 'LIMIT_EXCEEDED', 'This peer takes part in as many migrations as it may.');
    }
    const holder = known ?? new Holder(this.#surroundings(), attempt.migration, caller);
    const answer = holder.open({ epoch: attempt.epoch, guest: guestName, algorithm, contributors: announced, leaseMs });
    this.#holders.set(attempt.migration, holder);
    return answer;
  }

  #resendMetadata(caller) {
    let attempt;
    let batch;
    return {
      message: ({ part, header, record }) => {
        if (batch === undefined) {
          require(part === 'header', 'FIELD_INVALID', 'The first message is no header.');
          attempt = attemptOf(header.attempt);
          batch = new MetadataBatch(header.recordCount);
          this.#holder('metadata', attempt, caller);
        } else {
          require(part === 'record', 'FIELD_INVALID', 'A message is no record.');
          batch.add(record);
        }
      },
      halfClosed: () => {
        require(batch, 'FIELD_INVALID', 'There is no header.');
        const metadata = batch.finish();
        this.#holder('metadata', attempt, caller).setUp(metadata);
      },
    };
  }

  #switchover(caller, outgoing) {
    /** @type {{ attempt: import('./fields.js').Attempt, digest: bigint, state: DeviceState } | null} */
    let preparing = null;
    let owed = 0;
    let halfClosed = false;
    outgoing.answered = () => {
      owed = 0;
      if (halfClosed) outgoing.end();
    };
    const steps = {
      prepare: ({ attempt: reference, memoryDigest, deviceStateBytes, deviceStateSha256 }) => {
        require(!preparing, 'STATE_CONFLICT', 'A Prepare is under way on this stream.');
        const attempt = attemptOf(reference);
        const state = new DeviceState(deviceStateBytes, deviceStateSha256);
        this.#holder('prepare', attempt, caller);
        preparing = { attempt, digest: BigInt(memoryDigest), state };
      },
      deviceState: (piece) => {
        require(preparing, 'STATE_CONFLICT', 'There is device state before Prepare.');
        preparing.state.add(piece);
      },
      prepareEnd: () => {
        require(preparing, 'STATE_CONFLICT', 'There is PrepareEnd before Prepare.');
        const { attempt, digest, state } = preparing;
        preparing = null;
        state.finish();
        this.#holder('prepare', attempt, caller).prepare(digest, outgoing);
      },
      commit: ({ attempt: reference, memoryDigest, witness }) => {
        const attempt = attemptOf(reference);
        const voter = witness ? identityOf(witness) : null;
        require(voter !== caller && voter !== this.#config.identity, 'FIELD_INVALID', 'The witness is source or destination.');
        const holder = this.#holder('commit', attempt, caller);
        owed++;
        holder.commit(BigInt(memoryDigest), voter, outgoing);
      },
    };
    return {
      message: (message) => {
        require(message.step, 'FIELD_INVALID', 'A message has no step that this peer knows.');
        steps[message.step](message[message.step]);
      },
      halfClosed: () => {
        require(!preparing, 'STATE_CONFLICT', 'The stream was closed within Prepare.');
        halfClosed = true;
        if (owed === 0) outgoing.end();
      },
    };
  }

  #transfer(caller, outgoing) {
    let holder;
    let progress;
    let chunks = 0;
    let acknowledged = 0;
    let full = false;
    const acknowledge = () => {
      if (full || acknowledged === chunks) return;
      acknowledged = chunks;
      // A sender that does not read is told the newest number once it does.
      if (!outgoing.write({ acknowledgedChunks: String(chunks) })) {
        full = true;
        outgoing.drained(() => {
          full = false;
          acknowledge();
        });
      }
    };
    return {
      message: ({ message, open, chunk }) => {
        if (!holder) {
          require(message === 'open', 'FIELD_INVALID', 'The first message does not open the transfer.');
          const known = this.#holder('transfer', attemptOf(open.attempt), caller);
          progress = known.beginTransfer(caller, outgoing);
          holder = known;
          return;
        }
        require(message === 'chunk', 'FIELD_INVALID', 'A message is no chunk.');
        takeChunk(holder.memory, chunk, progress);
        chunks++;
        acknowledge();
      },
      halfClosed: () => {
        require(holder, 'FIELD_INVALID', 'The transfer was not opened.');
        full = false;
        acknowledge();
        outgoing.end();
      },
      gone: () => holder?.endTransfer(outgoing),
    };
  }

  #contributorService() {
    return {
      detach: ({ attempt: reference, newDestination }, caller) => {
        const attempt = attemptOf(reference);
        const destination = identityOf(newDestination);
        const holder = this.#holder('detach', attempt, caller);
        holder.detach(attempt.epoch, destination);
        return inventory(holder);
      },
      relay: (caller) => this.#relay(caller),
      skip: ({ attempt, extents }, caller) => {
        const reference = attemptOf(attempt);
        checkNumber(extents);
        const holder = this.#holder('skip', reference, caller);
        return holder.skip(extentsOf(extents, holder.memory));
      },
      getContributorStatus: ({ attempt: reference, share }, caller) => {
        const attempt = attemptOf(reference);
        const rate = rateOf(share);
        return this.#holder('contributorStatus', attempt, caller).contributorStatus(rate);
      },
      release: ({ attempt }, caller) => this.#forget(attemptOf(attempt), caller),
    };
  }

  #relay(caller) {
    let attempt;
    let rate;
    const named = [];
    return {
      message: ({ part, header, pages }) => {
        if (!attempt) {
          require(part === 'header', 'FIELD_INVALID', 'The first message is no header.');
          rate = rateOf(header.share);
          attempt = attemptOf(header.attempt);
          this.#holder('relay', attempt, caller);
        } else {
          require(part === 'pages', 'FIELD_INVALID', 'A message names no pages.');
          named.push(...extentsOf(pages.extents, this.#holder('relay', attempt, caller).memory));
        }
      },
      halfClosed: () => {
        require(attempt, 'FIELD_INVALID', 'There is no header.');
        return this.#holder('relay', attempt, caller).relay(named, rate);
      },
    };
  }

  /** Abort and Release. */
  #forget(attempt, caller) {
    if (this.#holders.has(attempt.migration)) this.#holder('forget', attempt, caller).forget(attempt.epoch);
  }

  #decisionService() {
    return {
      appoint: ({ attempt: reference, destination: named }, caller) => {
        const attempt = attemptOf(reference);
        const destination = identityOf(named);
        require(destination !== caller && destination !== this.#config.identity, 'FIELD_INVALID', 'The destination is the source or the witness.');
        this.#voters.appoint(attempt, caller, destination);
      },
      promise: ({ attempt: reference, ballot: asked }, caller) => {
        const attempt = attemptOf(reference);
        const ballot = ballotOf(asked);
        require(ballot >= 1, 'FIELD_INVALID', 'Ballot 0 has no first phase.');
        const { promised, accepted } = this.#voters.promise(this.#voters.asked(attempt, caller, ballot), ballot);
        return { promisedBallot: promised, accepted };
      },
      accept: ({ attempt: reference, vote }, caller) => {
        const attempt = attemptOf(reference);
        require(vote, 'FIELD_INVALID', 'There is no vote.');
        const ballot = ballotOf(vote.ballot);
        const choice = choiceOf(vote.choice);
        require(ballot > 0 || choice === Choice.DESTINATION, 'FIELD_INVALID', 'Ballot 0 proposes the destination only.');
        return { promisedBallot: this.#voters.accept(this.#voters.asked(attempt, caller, ballot), { ballot, choice }) };
      },
      dismiss: ({ attempt: reference, owner }, caller) => this.#voters.dismiss(attemptOf(reference), caller, choiceOf(owner)),
    };
  }

  #peerService() {
    return {
      getPeer: () => ({
        name: this.#config.name,
        identity: this.#config.identity,
        implementation: 'dcm-node-peer 0.1.0',
        versions: VERSIONS,
        capabilities: CAPABILITIES,
        guestCount: this.#guests.count,
        migrationCount: [...this.#holders.values()].filter((holder) => holder.active).length,
      }),
      listPeers: async () => ({ peers: await Promise.all(this.#config.peers.map((peer) => this.#greet(peer))) }),
      listGuests: () => ({ guests: this.#guests.list() }),
      getGuest: ({ name }) => ({ guest: this.#guests.describe(name) }),
      deleteGuest: ({ name }) => this.#guests.delete(name),
    };
  }

  async #greet({ name, identity, endpoint }) {
    const started = performance.now();
    try {
      await this.#clients.greet(identity);
      return { name, identity, endpoint, reachable: true, roundTripUs: Math.round((performance.now() - started) * 1000) };
    } catch (failure) {
      return { name, identity, endpoint, reachable: false, failure: printable(failure.message) };
    }
  }
}

function byMigration(records) {
  const groups = new Map();
  for (const record of records) groups.set(record.migration, [...(groups.get(record.migration) ?? []), record]);
  return groups;
}

function* inventory(holder) {
  for (const extents of batches(holder.memory?.inventory() ?? [])) yield { batch: { extents } };
}

function* segments(holder) {
  for (const { block, firstSegment, digests } of holder.memory?.segmentDigests() ?? []) {
    yield { block, firstSegment, digests: digests.map(String) };
  }
}

/** Checks the whole chunk, then stores it. */
function takeChunk(memory, chunk, progress) {
  const { generation, payload, payloadCrc32c, compression } = chunk;
  const extent = extentOf(chunk, memory);
  require(generation !== 0, 'GENERATION_INVALID', 'Generation 0 is none.');
  require(compression <= ZSTD, 'FIELD_INVALID', 'The compression is unknown.');
  require(compression !== ZSTD, 'CAPABILITY_MISSING', 'This peer has named no compression.');
  if (payload.length > 0) {
    require(extent.pageCount <= PAGES_PER_CHUNK, 'CHUNK_TOO_LARGE', 'A chunk with payload has at most 256 pages.');
    require(payload.length === extent.pageCount * PAGE_SIZE, 'FIELD_INVALID', 'The payload is not 4096 bytes for each page.');
    require(crc32c(payload) === payloadCrc32c, 'CHECKSUM_MISMATCH', 'The payload has another checksum than stated.');
  }
  progress.payloadBytes += payload.length;
  memory.store(extent, generation, payload.length > 0 ? payload : null, (accepted) => {
    if (accepted) progress.acceptedPages++;
    else progress.duplicatePages++;
  });
}

function algorithmOf(value) {
  require(value === 1 || value === 2, 'FIELD_INVALID', 'The digest algorithm is unknown.');
  return value;
}

function choiceOf(value) {
  require(value === Choice.SOURCE || value === Choice.DESTINATION, 'FIELD_INVALID', 'The choice is unknown.');
  return value;
}

function ballotOf(text) {
  require(BigInt(text) < OWNER_BALLOT, 'FIELD_INVALID', 'The ballot is out of range.');
  return Number(text);
}

// gRPC as DCM uses it: who calls, whom this peer calls, and how refusals are sent (SPEC.md sections 6, 18).
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import tls from 'node:tls';
import { InterceptingCall, Server, ServerCredentials, credentials, loadPackageDefinition } from '@grpc/grpc-js';
import { loadSync } from '@grpc/proto-loader';
import { identityOfCertificate } from './certificates.js';
import { require, toStatus } from './errors.js';
import { isIdentity } from './fields.js';

// Peers speak TLS 1.3 and nothing older; grpc-js has no option of its own for this.
tls.DEFAULT_MIN_VERSION = 'TLSv1.3';

const MOST_MESSAGE_BYTES = 4 * 1024 * 1024;
const MOST_HEADER_BYTES = 16 * 1024;
const VOTE_DEADLINE_MS = 2000;
const REPOSITORY_PROTO = fileURLToPath(new URL('../../../proto', import.meta.url));
const OWN_PROTO = fileURLToPath(new URL('../proto', import.meta.url));

const FILES = ['peer', 'destination', 'transfer', 'contributor', 'decision'].map((file) => `dcm/v1/${file}.proto`);
const definition = loadPackageDefinition(
  loadSync([...FILES, 'health.proto'], { includeDirs: [REPOSITORY_PROTO, OWN_PROTO], longs: String, defaults: true, oneofs: true }),
);
const services = definition.dcm.v1;

const OPTIONS = {
  'grpc.max_receive_message_length': MOST_MESSAGE_BYTES,
  'grpc.max_send_message_length': MOST_MESSAGE_BYTES,
  'grpc.max_concurrent_streams': 256,
  'grpc.enable_retries': 0,
};

/** @typedef {'peers' | 'operators' | 'both' | 'anybody'} Audience */

/** Serves handlers that know nothing of gRPC's calling styles. */
export class Endpoint {
  #config;
  #server = new Server(OPTIONS);

  /** @param {import('./config.js').Config} config */
  constructor(config) {
    this.#config = config;
  }

  /**
   * @param {string} service
   * @param {(method: string) => Audience} audience
   * @param {Record<string, Function>} handlers of each method: (call, caller) => answer, or a stream's own doing
   */
  add(service, audience, handlers) {
    const { service: methods } = service === 'Health' ? definition.grpc.health.v1.Health : services[service];
    const adapted = {};
    for (const [name, handler] of Object.entries(handlers)) {
      const { requestStream, responseStream } = methods[name[0].toUpperCase() + name.slice(1)];
      const admit = (call) => this.#admit(call, audience(name));
      adapted[name] = requestStream ? streamed(handler, admit, responseStream) : answered(handler, admit, responseStream);
    }
    this.#server.addService(methods, adapted);
  }

  /** @returns {string} the caller's identity */
  #admit(call, audience) {
    require(bytesOf(call.metadata) <= MOST_HEADER_BYTES, 'LIMIT_EXCEEDED', 'The headers of the call are too long.');
    if (audience === 'anybody') return '';
    const { tls: secured, peers, operators } = this.#config;
    const caller = secured ? identityOfCertificate(call.getAuthContext()?.sslPeerCertificate) : identityOfHeader(call.metadata);
    const isPeer = peers.some((peer) => peer.identity === caller);
    const isOperator = operators.includes(caller);
    const admitted = { peers: isPeer, operators: isOperator, both: isPeer || isOperator }[audience];
    require(admitted, 'IDENTITY_NOT_ADMITTED', 'The caller is not configured for this service.');
    return caller;
  }

  /** @returns {Promise<number>} the port */
  listen() {
    const { tls: files, listen } = this.#config;
    const security = files
      ? ServerCredentials.createSsl(readFileSync(files.ca), [{ private_key: readFileSync(files.key), cert_chain: readFileSync(files.certificate) }], true)
      : ServerCredentials.createInsecure();
    return new Promise((resolve, reject) => {
      this.#server.bindAsync(listen, security, (failure, port) => (failure ? reject(failure) : resolve(port)));
    });
  }

  close() {
    this.#server.forceShutdown();
  }
}

/** @param {import("@grpc/grpc-js").Metadata} metadata */
function bytesOf(metadata) {
  const values = Object.keys(metadata.getMap()).flatMap((key) => metadata.get(key).map((value) => key.length + value.length));
  return values.reduce((sum, bytes) => sum + bytes, 0);
}

/** @param {import("@grpc/grpc-js").Metadata} metadata */
function identityOfHeader(metadata) {
  const values = metadata.get('dcm-identity');
  require(values.length === 1 && isIdentity(values[0]), 'IDENTITY_INVALID', 'The header dcm-identity names no usable identity.');
  return values[0];
}

/** One request; one answer, or an iterable of answers. */
function answered(handler, admit, responseStream) {
  if (!responseStream) {
    return async (call, callback) => {
      try {
        callback(null, (await handler(call.request, admit(call))) ?? {});
      } catch (failure) {
        callback(toStatus(failure));
      }
    };
  }
  return (call) => {
    try {
      for (const answer of handler(call.request, admit(call))) call.write(answer);
      call.end();
    } catch (failure) {
      call.emit('error', toStatus(failure));
    }
  };
}

/**
 * A stream of requests. The handler gives an object that takes the messages, the half-close and the end of the call.
 * @typedef {object} Incoming
 * @property {(message: object) => void} message
 * @property {() => object | void} halfClosed what a call with one answer is answered with
 * @property {() => void} [gone] the call is over, however
 */
function streamed(handler, admit, responseStream) {
  return (call, callback) => {
    const outgoing = new Outgoing(call, responseStream ? null : callback);
    /** @type {Incoming} */
    let incoming;
    const guarded = (action) => (argument) => {
      if (outgoing.over) return;
      try {
        action(argument);
      } catch (failure) {
        outgoing.fail(failure);
      }
    };
    const gone = () => {
      outgoing.over = true;
      incoming?.gone?.();
    };
    outgoing.gone = gone;
    call.on('error', () => {});
    call.on('cancelled', () => outgoing.over || gone());
    guarded(() => (incoming = handler(admit(call), outgoing)))();
    if (outgoing.over) return;
    call.on('data', guarded((message) => incoming.message(message)));
    const halfClosed = guarded(() => {
      const answer = incoming.halfClosed();
      if (!responseStream) outgoing.answer(answer ?? {});
    });
    // A call that is broken off ends like one that is half-closed, and is known as cancelled a moment later only.
    call.on('end', () => setImmediate(() => setImmediate(halfClosed)));
  };
}

/** The answering half of a call with a stream of requests. */
export class Outgoing {
  #call;
  #callback;
  over = false;
  gone = () => {};

  constructor(call, callback) {
    this.#call = call;
    this.#callback = callback;
  }

  /** @returns {boolean} false: better wait for `drained` */
  write(message) {
    return this.over || this.#call.write(message);
  }

  /** @param {() => void} action */
  drained(action) {
    this.#call.once('drain', action);
  }

  answer(message) {
    if (this.over) return;
    this.#callback(null, message);
    this.gone();
  }

  end() {
    if (this.over) return;
    this.#call.end();
    this.gone();
  }

  /** Ends the call with the reason, whatever it was doing. */
  fail(failure) {
    if (this.over) return;
    const status = toStatus(failure);
    if (this.#callback) this.#callback(status);
    else this.#call.emit('error', status);
    this.gone();
  }
}

/** Other peers, as this peer's configuration names them. */
export class Clients {
  #config;
  #clients = new Map();

  /** @param {import('./config.js').Config} config */
  constructor(config) {
    this.#config = config;
  }

  knows(identity) {
    return this.#config.peers.some((peer) => peer.identity === identity);
  }

  /**
   * @param {string} identity of a configured peer
   * @returns {Record<string, import('@grpc/grpc-js').Client>} a client for each service, by name
   */
  of(identity) {
    if (!this.#clients.has(identity)) this.#clients.set(identity, this.#connect(identity));
    return this.#clients.get(identity);
  }

  #connect(identity) {
    const peer = this.#config.peers.find((candidate) => candidate.identity === identity);
    require(peer, 'PEER_UNKNOWN', 'The peer is not configured here.');
    const security = this.#security(identity);
    const options = { ...OPTIONS, interceptors: this.#config.tls ? [] : [this.#nameItself()] };
    const client = (service) => new services[service](peer.endpoint, security, options);
    return { TransferService: client('TransferService'), DecisionService: client('DecisionService'), PeerService: client('PeerService') };
  }

  #security(identity) {
    const files = this.#config.tls;
    if (!files) return credentials.createInsecure();
    return credentials.createSsl(readFileSync(files.ca), readFileSync(files.key), readFileSync(files.certificate), {
      // Who the peer is counts, not what its host is called.
      checkServerIdentity: (host, certificate) => {
        try {
          return identityOfCertificate(certificate) === identity ? undefined : new Error('The server is another peer.');
        } catch (failure) {
          return failure;
        }
      },
    });
  }

  #nameItself() {
    const { identity } = this.#config;
    const start = (metadata, listener, next) => {
      metadata.set('dcm-identity', identity);
      next(metadata, listener);
    };
    return (options, nextCall) => new InterceptingCall(nextCall(options), { start });
  }

  /** @type {import('./decision.js').Ask} */
  ask = (identity, method, request) =>
    this.#unary(identity, 'DecisionService', method, request);

  /** Asks a peer who it is; the caller wants to know only whether it answers. */
  greet(identity) {
    return this.#unary(identity, 'PeerService', 'getPeer', {});
  }

  #unary(identity, service, method, request) {
    return new Promise((resolve, reject) => {
      const client = this.of(identity)[service];
      client[method](request, { deadline: Date.now() + VOTE_DEADLINE_MS }, (failure, answer) => (failure ? reject(failure) : resolve(answer)));
    });
  }

  close() {
    for (const clients of this.#clients.values()) for (const client of Object.values(clients)) client.close();
  }
}

// The adapter of this peer for the conformance suite: node adapter.js, started by
// `dcm-conformance run --target FILE` with `adapter: [node, adapter.js]` in the file.
// The protocol is proto/dcm/conformance/v1/adapter.proto. Guests of this peer only arrive, and it
// plays no source: nothing to create, write, pause or inspect.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { loadSync } from '@grpc/proto-loader';

const PROGRAM = fileURLToPath(new URL('src/main.js', import.meta.url));
const PROTO = fileURLToPath(new URL('../../proto', import.meta.url));
const MOST_BYTES = 64 << 20;
const LENGTH_BYTES = 4;

const service = loadSync('dcm/conformance/v1/adapter.proto', { includeDirs: [PROTO], longs: String, defaults: true, oneofs: true });
const { requestDeserialize, responseSerialize } = service['dcm.conformance.v1.AdapterService'].Ask;

let config = null;
let peer = null;

const handlers = {
  describe: () => ({
    description: {
      name: 'dcm-node-peer 0.1.0',
      claims: [
        { role: 'destination', level: 2 },
        { role: 'contributor', level: 2 },
        { role: 'witness', level: 3 },
      ],
      capabilities: ['contributor', 'witness', 'guest.synthetic'],
      operations: ['OPERATION_CRASH'],
    },
  }),
  prepare: (request) => {
    const named = ({ name, identity, endpoint }) => ({ name, identity, endpoint });
    config = join(request.directory, 'node.json');
    const { name, identity, listen, tls, peers, operators } = request;
    const secured = tls ? { tls: { ca: tls.ca, certificate: tls.certificate, key: tls.key } } : { plaintextOnLoopback: true };
    const file = { name, identity, listen, stateDirectory: 'state', ...secured, peers: peers.map(named), operators: operators.map((each) => each.identity) };
    writeFileSync(config, JSON.stringify(file));
    return done();
  },
  start: async () => {
    if (!config) throw new Error('Prepare comes first.');
    if (peer) throw new Error('The peer runs already.');
    peer = spawn('node', [PROGRAM, config], { stdio: ['ignore', 'pipe', 'inherit'] });
    const listening = (async () => {
      for await (const text of peer.stdout) if (`${text}`.includes(' listens on port ')) return true;
      return false;
    })();
    if (!(await listening)) throw new Error('The peer did not start.');
    return done();
  },
  crash: () => end('SIGKILL'),
  stop: () => end('SIGTERM'),
};

function done() {
  return { done: {} };
}

async function end(signal) {
  if (peer) {
    const ended = once(peer, 'exit');
    peer.kill(signal);
    await ended;
    peer = null;
  }
  return done();
}

async function answer(message) {
  const { request, ...parts } = requestDeserialize(message);
  const handler = handlers[request];
  if (!handler) return { failure: { unsupported: true, sentence: `This adapter has no ${request}.` } };
  try {
    return await handler(parts[request]);
  } catch (failure) {
    return { failure: { unsupported: false, sentence: failure.message } };
  }
}

function write(response) {
  const message = responseSerialize(response);
  const length = Buffer.alloc(LENGTH_BYTES);
  length.writeUInt32BE(message.length);
  process.stdout.write(Buffer.concat([length, message]));
}

let pending = Buffer.alloc(0);
for await (const piece of process.stdin) {
  pending = Buffer.concat([pending, piece]);
  while (pending.length >= LENGTH_BYTES) {
    const length = pending.readUInt32BE();
    if (length > MOST_BYTES) throw new Error('A message is larger than 64 MiB.');
    if (pending.length < LENGTH_BYTES + length) break;
    const message = pending.subarray(LENGTH_BYTES, LENGTH_BYTES + length);
    pending = pending.subarray(LENGTH_BYTES + length);
    write(await answer(message));
  }
}
await end('SIGTERM');

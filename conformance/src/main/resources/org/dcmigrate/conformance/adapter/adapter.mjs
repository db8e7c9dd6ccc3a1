#!/usr/bin/env node
// An adapter of the DCM conformance suite for a peer of your own. Needs Node.js 20 and nothing else.
//
// Fill in what says YOURS, and call `dcm-conformance run --target target.yaml` with the file beside
// it, in which `transport` is plaintext or tls. The protocol is adapter.proto: requests on standard
// input, responses on standard output, each behind its length. Write nothing else to standard output.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { writeFileSync } from 'node:fs';
import { connect } from 'node:net';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';

// YOURS: the program, told where its configuration is.
const COMMAND = ['./my-peer', '--config'];
// YOURS: what you claim. A role that is not here is not tested.
const CLAIMS = [{ role: 'destination', level: 1 }];
// YOURS: what GetPeer names.
const CAPABILITIES = ['guest.synthetic'];

const START_MS = 60_000;

class Unsupported extends Error {}

let prepared = null;
let peer = null;

const config = () => {
  if (!prepared) throw new Error('Prepare comes first.');
  return join(prepared.directory, 'config.json');
};

const handlers = {
  describe: () => ({
    description: {
      name: 'my-peer 0.1',
      claims: CLAIMS,
      capabilities: CAPABILITIES,
      // 1 CreateGuest, 2 WritePages, 3 Pause, 4 Inspect, 5 Crash: those that you fill in.
      operations: [5],
      guests_outlive_crash: 0, // YOURS: 1 where guests run on without their peer.
    },
  }),
  prepare: (request) => {
    prepared = request;
    // YOURS: write the configuration that your peer reads. The request has directory, name,
    // identity, listen, tls {ca, certificate, key} or nothing, peers [{name, identity, endpoint}],
    // operators [{identity}].
    writeFileSync(config(), JSON.stringify(request));
  },
  start: async () => {
    const [program, ...options] = [...COMMAND, config()];
    peer = spawn(program, options, { stdio: ['ignore', 2, 2] });
    peer.on('error', () => {});
    const [, host, port] = prepared.listen.match(/^(.*):(\d+)$/);
    for (const deadline = Date.now() + START_MS; Date.now() < deadline && peer.pid && peer.exitCode === null; ) {
      if (await listens(host, Number(port))) return;
      await sleep(50);
    }
    throw new Error('The peer did not start.');
  },
  create_guest: () => unsupported('YOURS: make a guest {name, memory_bytes, seed, writes_per_second}.'),
  write_pages: () => unsupported('YOURS: write {page_count} pages of {guest} from {first_page} on.'),
  pause: () => unsupported('YOURS: have {guest} stand still, or run on if {resume}.'),
  inspect: () => unsupported('YOURS: give { memory: { blocks: [Buffer, ...] } } of {guest}.'),
  crash: () => end('SIGKILL'),
  stop: () => end('SIGTERM'),
};

function unsupported(sentence) {
  throw new Unsupported(sentence);
}

function listens(host, port) {
  return new Promise((resolve) => {
    const socket = connect(port, host);
    socket.on('connect', () => resolve(true) ?? socket.destroy());
    socket.on('error', () => resolve(false));
  });
}

async function end(signal) {
  if (peer?.pid && peer.exitCode === null && peer.signalCode === null) {
    const ended = once(peer, 'exit');
    peer.kill(signal);
    await ended;
  }
  peer = null;
}

// ---- The messages of adapter.proto: for each field number its name and type; [type] is repeated.

const [TEXT, NUMBER, BYTES] = ['text', 'number', 'bytes'];
const TLS = { 1: ['ca', TEXT], 2: ['certificate', TEXT], 3: ['key', TEXT] };
const KNOWN_PEER = { 1: ['name', TEXT], 2: ['identity', TEXT], 3: ['endpoint', TEXT] };
const REQUEST = {
  1: ['describe', {}],
  2: ['prepare', {
    1: ['directory', TEXT], 2: ['name', TEXT], 3: ['identity', TEXT], 4: ['listen', TEXT], 5: ['tls', TLS],
    6: ['peers', [KNOWN_PEER]], 7: ['operators', [KNOWN_PEER]], 8: ['operator_tls', TLS],
  }],
  3: ['start', {}],
  4: ['create_guest', { 1: ['name', TEXT], 2: ['memory_bytes', NUMBER], 3: ['seed', NUMBER], 4: ['writes_per_second', NUMBER] }],
  5: ['write_pages', { 1: ['guest', TEXT], 2: ['first_page', NUMBER], 3: ['page_count', NUMBER], 4: ['seed', NUMBER] }],
  6: ['pause', { 1: ['guest', TEXT], 2: ['resume', NUMBER] }],
  7: ['inspect', { 1: ['guest', TEXT], 2: ['migration_id', TEXT] }],
  8: ['crash', {}],
  9: ['stop', {}],
};
const RESPONSE = {
  1: ['failure', { 1: ['unsupported', NUMBER], 2: ['sentence', TEXT] }],
  2: ['description', {
    1: ['name', TEXT], 2: ['claims', [{ 1: ['role', TEXT], 2: ['level', NUMBER] }]], 3: ['capabilities', [TEXT]],
    4: ['operations', [NUMBER]], 5: ['silence_ms', NUMBER], 6: ['guests_outlive_crash', NUMBER],
  }],
  3: ['done', {}],
  4: ['memory', { 1: ['blocks', [BYTES]] }],
};

function varint(number) {
  const bytes = [];
  for (let left = BigInt(number); bytes.length === 0 || left > 0n; left >>= 7n) bytes.push(Number(left & 0x7fn) | (left > 0x7fn ? 0x80 : 0));
  return Buffer.from(bytes);
}

function encode(kind, message) {
  const parts = [];
  for (const [number, [name, field]] of Object.entries(kind)) {
    const [type, values] = Array.isArray(field) ? [field[0], message[name] ?? []] : [field, name in message ? [message[name]] : []];
    for (const value of values) {
      if (type === NUMBER) {
        parts.push(varint(number << 3), varint(value));
        continue;
      }
      const body = typeof type === 'object' ? encode(type, value) : Buffer.from(value);
      parts.push(varint((number << 3) | 2), varint(body.length), body);
    }
  }
  return Buffer.concat(parts);
}

function decode(kind, data) {
  const message = {};
  let at = 0;
  const number = () => {
    let result = 0n;
    for (let shift = 0n; ; shift += 7n) {
      result |= BigInt(data[at] & 0x7f) << shift;
      if (data[at++] < 0x80) return Number(result);
    }
  };
  while (at < data.length) {
    const tag = number();
    let value = number();
    if ((tag & 7) === 2) value = data.subarray(at, (at += value));
    const [name, field] = kind[tag >> 3] ?? [];
    if (!name) continue;
    const type = Array.isArray(field) ? field[0] : field;
    if (typeof type === 'object') value = decode(type, value);
    if (type === TEXT) value = value.toString();
    if (Array.isArray(field)) (message[name] ??= []).push(value);
    else message[name] = value;
  }
  return message;
}

async function answer(request) {
  const [[name, body]] = Object.entries(decode(REQUEST, request));
  try {
    return (await handlers[name](body)) ?? { done: {} };
  } catch (failure) {
    return { failure: { unsupported: failure instanceof Unsupported ? 1 : 0, sentence: failure.message } };
  }
}

let pending = Buffer.alloc(0);
for await (const piece of process.stdin) {
  pending = Buffer.concat([pending, piece]);
  while (pending.length >= 4 && pending.length >= 4 + pending.readUInt32BE()) {
    const end = 4 + pending.readUInt32BE();
    const response = encode(RESPONSE, await answer(pending.subarray(4, end)));
    const length = Buffer.alloc(4);
    length.writeUInt32BE(response.length);
    process.stdout.write(Buffer.concat([length, response]));
    pending = pending.subarray(end);
  }
}
await end('SIGTERM');

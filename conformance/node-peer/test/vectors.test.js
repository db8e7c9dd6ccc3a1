// Digests and errors against spec/vectors.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { Algorithm, PAGE_SIZE, mixed, pageDigest } from '../src/digests.js';
import { DcmError, toStatus } from '../src/errors.js';
import { Memory } from '../src/memory.js';

const vectors = (file) => readFileSync(new URL(`../../../spec/vectors/${file}`, import.meta.url), 'utf8');
const hex = (value) => value.toString(16).padStart(16, '0');

test('digests of pages, alone and bound to their index', () => {
  const rows = vectors('digests.txt').split('\n').filter((line) => /^(CRC64|SHA256) (\w\w|count) /.test(line));
  assert.equal(rows.length, 14);
  for (const row of rows) {
    const [algorithm, contents, digest, ...bound] = row.split(/ +/);
    const page = contents === 'count'
      ? Buffer.from(Array.from({ length: PAGE_SIZE }, (_, k) => k % 256))
      : Buffer.alloc(PAGE_SIZE, Number.parseInt(contents, 16));
    const found = pageDigest(Algorithm[algorithm], page);
    assert.deepEqual([found, ...[0, 1, 511, 512].map((index) => mixed(index, found))].map(hex), [digest, ...bound], row);
  }
});

test('the digest of a memory', () => {
  const memory = new Memory([4 * PAGE_SIZE], Algorithm.CRC64);
  for (const [page, byte] of [0x00, 0x44, 0x22, 0x33].entries()) {
    const run = { block: 0, firstPage: page, pageCount: 1 };
    memory.store(run, 1, byte === 0 ? null : Buffer.alloc(PAGE_SIZE, byte), () => {});
  }
  const [, expected] = /CRC64 memory (\w{16})/.exec(vectors('digests.txt'));
  assert.equal(hex(memory.digest()), expected);
  assert.equal(hex(memory.recomputedDigest()), expected);
});

test('merging of generations', () => {
  const memory = new Memory([PAGE_SIZE], Algorithm.CRC64);
  const store = (generation, byte) => {
    const counted = [];
    memory.store({ block: 0, firstPage: 0, pageCount: 1 }, generation, Buffer.alloc(PAGE_SIZE, byte), (accepted) => counted.push(accepted));
    return counted;
  };
  assert.deepEqual([store(1, 0xa), store(3, 0xb), store(2, 0xc), store(3, 0xb)], [[true], [true], [false], [false]]);
  assert.throws(() => store(3, 0xc), { reason: 'GENERATION_CONFLICT' });
});

test('bytes of errors', () => {
  const entries = vectors('errors.txt').split('\n\n').filter((entry) => entry.includes('\n= '));
  let compared = 0;
  for (const entry of entries) {
    const [head, ...lines] = entry.trim().split('\n');
    const [reason, , code] = head.split(' ');
    const status = toStatus(new DcmError(reason, 'why'));
    if (status.code === undefined) continue; // A reason that only a source tells.
    assert.equal(status.code, Number(code), reason);
    const expected = Buffer.from(lines.join('').replace(/[= ]/g, ''), 'hex');
    assert.deepEqual(status.metadata.get('grpc-status-details-bin')[0], expected, reason);
    compared++;
  }
  assert.ok(compared >= 25, `${compared} reasons compared`);
});

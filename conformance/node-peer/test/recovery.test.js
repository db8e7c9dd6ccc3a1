// What a peer makes of its journal (SPEC.md section 13.9).
import assert from 'node:assert/strict';
import { appendFileSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { Holder } from '../src/holder.js';
import { Journal } from '../src/journal.js';

const directory = mkdtempSync(join(tmpdir(), 'dcm-node-peer-'));
after(() => rmSync(directory, { recursive: true }));

const record = (type, epoch, more = {}) => ({ type, migration: 'm', epoch, source: 's', ...more });

function recovered(...records) {
  const written = [];
  const guests = { migrationOf: () => undefined };
  return { holder: Holder.recovered({ journal: { write: (one) => written.push(one) }, guests }, records), written };
}

for (const last of ['OPENED', 'PREPARED', 'GRANTED', 'RETIRED']) {
  test(`${last} is given up, with FORGOT on disk`, () => {
    const { holder, written } = recovered(record('OPENED', '2'), record(last, '3'));
    assert.equal(holder.state, 'FORGOTTEN');
    assert.deepEqual(written, [record('FORGOT', '3')]);
    assert.throws(() => holder.admit('commit', 3n), { reason: 'ATTEMPT_DISCARDED' });
    assert.throws(() => holder.admit('open', 3n), { reason: 'ALREADY_OPEN' });
    holder.admit('open', 4n);
  });
}

test('a guest that was owned is given to nobody, and does not run', () => {
  const { holder, written } = recovered(record('GRANTED', '3', { digest: '7' }), record('OWNED', '3', { digest: '7', guest: 'g' }));
  assert.deepEqual(written, []);
  assert.throws(() => holder.admit('forget', 3n), { reason: 'TOO_LATE' });
  holder.admit('commit', 3n);
  let told;
  holder.commit(7n, null, { fail: (failure) => (told = failure.reason), write: () => assert.fail('it does not run') });
  assert.equal(told, 'GUEST_FAILED');
});

test('a line that was not written to its end is cut off', () => {
  const journal = new Journal(directory);
  journal.write(record('OPENED', '1'), record('FORGOT', '1'));
  const path = join(directory, 'journal.ndjson');
  appendFileSync(path, '[{"type":"OWN');
  const next = new Journal(directory);
  assert.deepEqual(next.past, [record('OPENED', '1'), record('FORGOT', '1')]);
  next.write(record('OPENED', '2'));
  assert.equal(readFileSync(path, 'utf8').split('\n').length, 3);
  assert.equal(new Journal(directory).past.length, 3);
});

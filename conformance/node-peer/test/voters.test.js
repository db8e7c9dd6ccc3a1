// The voter against every row of spec/transitions/voter.tsv; the destination's ballots.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { Decision } from '../src/decision.js';
import { Choice, Voters } from '../src/voters.js';

const choiceIn = (text) => (text.includes('the source') ? Choice.SOURCE : Choice.DESTINATION);
const ballotIn = (text) => Number(/ballot (\d+)/.exec(text)?.[1] ?? 0);
const ATTEMPT = { migration: 'm', epoch: 5n };

function seatIn(state) {
  const [kind] = state.split(/[ ,]/);
  const accepted = kind === 'Accepted' ? { ballot: ballotIn(state), choice: choiceIn(state) } : null;
  return {
    type: 'SEAT', migration: 'm', epoch: '5', role: 'witness', source: 's', destination: 'n',
    promised: kind === 'Undecided' ? 0 : ballotIn(state), accepted, owner: kind === 'Ended' ? choiceIn(state) : null,
  };
}

function votersWith(seat) {
  const written = [];
  return { voters: new Voters({ past: [seat], write: (...records) => written.push(...records) }, 10), written };
}

/** What the table's column of outputs says, made of what the voter did. */
function outputs(input, { voters, written }) {
  const seat = voters.seat('m', 5n);
  const name = (choice) => (choice === Choice.SOURCE ? 'the source' : 'the destination');
  let answer = '';
  if (input.startsWith('Promise')) {
    const { promised, accepted } = voters.promise(seat, ballotIn(input));
    const before = accepted ? `accepted ${name(accepted.choice)} in ballot ${accepted.ballot}` : 'accepted nothing';
    answer = promised === ballotIn(input) ? `answer promised, ${before}` : `answer refused, promised ballot ${promised}`;
  } else if (input.startsWith('Accept')) {
    const promised = voters.accept(seat, { ballot: ballotIn(input), choice: choiceIn(input) });
    answer = promised === ballotIn(input) ? 'answer accepted' : `answer refused, promised ballot ${promised}`;
  } else if (input.startsWith('Dismissed')) {
    voters.dismiss(ATTEMPT, 's', choiceIn(input));
  } else {
    voters.settle({ type: 'OWNED' }, 'm', '5', choiceIn(input));
  }
  return [written.some(({ type }) => type === 'SEAT') ? 'journal Seat' : '', answer].filter(Boolean).join(', ');
}

test('each cell of the table of voters', () => {
  const table = readFileSync(new URL('../../../spec/transitions/voter.tsv', import.meta.url), 'utf8').trim().split('\n');
  // How a seat comes about is the matter of who writes GRANT, GRANTED or Appoint.
  const rows = table.slice(1).filter((row) => !row.startsWith('Absent'));
  assert.ok(rows.length > 60);
  for (const row of rows) {
    const [state, input, , expected] = row.split('\t');
    assert.equal(outputs(input, votersWith(seatIn(state))) || '-', expected, row);
  }
});

/** A decision with a witness whose other voters answer as told; gives what was decided. */
async function decide(answers, most = 4000) {
  const { voters } = votersWith({ ...seatIn('Undecided'), role: 'destination', accepted: { ballot: 0, choice: Choice.DESTINATION } });
  let decided = null;
  const asked = [];
  const decision = new Decision({
    attempt: ATTEMPT, source: 's', witness: 'w', voters,
    ask: async (voter, method, request) => {
      asked.push({ voter, method, ballot: request.ballot ?? request.vote.ballot, choice: request.vote?.choice });
      return answers(asked.at(-1));
    },
    decided: (choice) => (decided = choice),
  });
  for (let waited = 0; decided === null && waited < most; waited += 50) await sleep(50);
  decision.stop();
  return { decided, asked };
}

const silent = () => Promise.reject(new Error('no answer'));

test('one of two others is enough', async () => {
  const { decided } = await decide(({ voter, ballot }) => (voter === 'w' ? { promisedBallot: String(ballot), accepted: null } : silent()));
  assert.equal(decided, Choice.DESTINATION);
});

test('its own vote alone decides nothing', async () => {
  const { decided, asked } = await decide(silent, 1300);
  assert.equal(decided, null);
  assert.ok(asked.length >= 4, 'it asks again');
});

test('outbid, it proposes what the highest ballot has accepted', async () => {
  const { decided, asked } = await decide(({ voter, method, ballot }) => {
    if (voter === 's') return silent();
    if (ballot < 3) return { promisedBallot: '3', accepted: null };
    return { promisedBallot: String(ballot), accepted: method === 'promise' ? { ballot: '3', choice: Choice.SOURCE } : null };
  });
  assert.equal(decided, Choice.SOURCE);
  const second = asked.filter(({ method, ballot }) => method === 'accept' && ballot > 0);
  assert.ok(second.length > 0 && second.every(({ ballot, choice }) => ballot === 4 && choice === Choice.SOURCE));
});

import assert from 'node:assert/strict';
import test from 'node:test';
import fc from 'fast-check';
import { besidesWords, factOf, factsOf, factWords, sentenceOf, sharesOf } from '../../src/domain/evidence.ts';
import type { Reach, Score } from '../../src/domain/score.ts';
import type { Verdict } from '../../src/domain/verdict.ts';

const ready = (signal: string, value: number, more: Partial<Score & { state: 'ready' }> = {}): Score => ({
  subject: `orders.enrich/${signal}`,
  detector: 'baseline',
  state: 'ready',
  pValue: 1e-6,
  because: [{ signal, share: 1 }],
  value,
  ticketLine: 0.5,
  ...more,
});

const p99 = ready('latency_p99_seconds', 7.1, {
  observed: 4.2,
  expected: { lower: 0.4, centre: 0.6, upper: 0.9, seasonal: true },
  votes: [{ vote: 'novelty', surprise: 12 }],
});
const lag = ready('lag_seconds', 2.9, { observed: 90, expected: { lower: 0, centre: 1, upper: 3 } });

const verdictOf = (...because: Score[]): Verdict => ({
  stage: 'orders.enrich',
  at: 0,
  state: 'critical',
  since: 0,
  because,
  shares: sharesOf(because),
  warming: [],
  blind: [],
});

// Golden: the sentence of the issue that asked for it, with the signals' own names.
test('says in one sentence what is wrong, what is usual, how much of it that is, and what follows', () => {
  assert.equal(
    sentenceOf(verdictOf(p99, lag)),
    'latency_p99_seconds 4.2 s, usually 0.4 to 0.9 s at this hour; 71 % of the surprise; lag_seconds follows',
  );
});

test('leaves out what says nothing: a whole share, no follower, no verdict', () => {
  assert.equal(sentenceOf(verdictOf(p99)), 'latency_p99_seconds 4.2 s, usually 0.4 to 0.9 s at this hour');
  assert.equal(sentenceOf(verdictOf()), '');
});

test('says what a value does that is where it usually is', () => {
  const crept = { observed: 95, expected: { lower: 60, centre: 100, upper: 140 } };
  const votes = [
    { vote: 'has crept away', surprise: 11 },
    { vote: 'level for this time', surprise: 1 },
  ];
  assert.equal(
    sentenceOf(verdictOf(ready('rows', 5, { ...crept, votes }))),
    'rows 95, usually 60 to 140 (has crept away)',
  );
  assert.equal(sentenceOf(verdictOf(ready('rows', 5, crept))), 'rows 95, usually 60 to 140');
  assert.equal(
    sentenceOf(verdictOf(ready('rows', 5, { ...crept, observed: 12, votes }))),
    'rows 12, usually 60 to 140',
  );
});

test('names three followers at most and counts the rest', () => {
  const many = ['a', 'b', 'c', 'd'].map((name) => ready(name, 1, { observed: 1 }));
  assert.match(sentenceOf(verdictOf(p99, ...many)), /; a, b and 2 more follow$/);
  assert.match(sentenceOf(verdictOf(p99, ...many.slice(0, 3))), /; a, b and c follow$/);
});

const AHEAD: Score & { state: 'limit' } = {
  subject: 'orders.enrich/lag_seconds',
  detector: 'forecast',
  state: 'limit',
  rule: 'above',
  severity: 'warning',
  broken: false,
  patience: 0,
  observed: 48,
  limit: 120,
  reach: { likely: 14 * 60_000, soonest: 10 * 60_000, latest: 25 * 60_000 },
  value: 0.5,
  ticketLine: 0.5,
};

test('says when a limit will be reached, with both ends where they are known', () => {
  assert.equal(factOf(AHEAD, 0).text, 'lag_seconds 48 s, reaches its limit of 120 s in about 14 min (10 to 25 min)');
  const { latest: _, ...open } = AHEAD.reach as Reach;
  assert.match(factOf({ ...AHEAD, reach: open }, 0).text, /in about 14 min \(not before 10 min\)$/);
});

test('tells the time of day at which a limit is reached where the story is told later', () => {
  const at = Date.UTC(2026, 10, 21, 14, 6);
  const fact = factOf(AHEAD, at);
  assert.equal(
    factWords(fact, 'orders.enrich', { now: at + 60_000 }),
    'lag_seconds 48 s, reaches its limit of 120 s about 14:20',
  );
});

test('carries votes, share and season of a score over into the fact', () => {
  const [fact] = factsOf(verdictOf(p99, lag));
  assert.deepEqual(fact?.votes, [{ vote: 'novelty', surprise: 12 }]);
  assert.equal(fact?.seasonal, true);
  assert.equal(fact?.share?.toFixed(2), '0.71');
});

test('names the stage of a fact that is not at home, and the mix of a vector', () => {
  const vector = ready('*', 3, {
    because: [
      { signal: 'rows', share: 0.6 },
      { signal: 'lag_seconds', share: 0.4 },
    ],
  });
  const fact = factOf(vector, 0);
  assert.equal(fact.text, 'unusual together: rows 60 %, lag_seconds 40 %');
  assert.equal(factWords(fact, 'orders.clean'), `enrich ${fact.text}`);
  assert.equal(besidesWords([fact, factOf(lag, 0)]), 'lag_seconds follows');
});

test('signals that are unusual together are told with what they show and what is usual, where that is known', () => {
  const expected = { lower: 2, centre: 8, upper: 16 };
  const vector = ready('*', 3, {
    because: [
      { signal: 'lag_seconds', share: 0.6, observed: 321, expected: { ...expected, seasonal: true } },
      { signal: 'error_ratio', share: 0.3, observed: 0.5, expected: { lower: 0, centre: 0.01, upper: 0.02 } },
      { signal: 'rows', share: 0.1 },
    ],
  });
  assert.deepEqual(factOf(vector, 0).parts, vector.state === 'ready' && vector.because);
  assert.equal(factOf(lag, 0).parts, undefined, 'a signal that speaks for itself has its numbers in the fact');
  assert.equal(
    factOf(vector, 0).text,
    'unusual together: lag_seconds 321 s, usually 2 to 16 s at this hour (60 %); error_ratio 50 %, usually 0 to 2 % (30 %); rows 10 %',
  );
});

test('shares add up to one and are sorted, whatever the scores', () => {
  const scores = fc.array(fc.tuple(fc.constantFrom('a', 'b', 'c'), fc.double({ min: 0, max: 1_000, noNaN: true })));
  fc.assert(
    fc.property(scores, (all) => {
      const shares = sharesOf(all.map(([signal, value]) => ready(signal, value)));
      const total = shares.reduce((sum, { share }) => sum + share, 0);
      assert.ok(shares.length === 0 || Math.abs(total - 1) < 1e-9, `${total}`);
      assert.ok(shares.every(({ share }, at) => at === 0 || share <= (shares[at - 1]?.share ?? 0)));
    }),
  );
});

test('says that a detector may only open tickets, and why', () => {
  const demoted = { since: 0, pages: 6, accepted: 4, weeks: 4 };
  assert.match(
    sentenceOf(verdictOf({ ...p99, demoted })),
    /; baseline opens tickets only: 6 pages in 4 weeks, 4 accepted$/,
  );
});

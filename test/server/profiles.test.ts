import assert from 'node:assert/strict';
import test from 'node:test';
import type { Score } from '../../src/domain/score.ts';
import type { StageView } from '../../src/domain/views.ts';
import { toApiProfiles } from '../../src/server/profile-to-api.ts';
import { toApiStage } from '../../src/server/stage-to-api.ts';
import { amountProfile, driftScore, ENRICH, NOW, snapshotOf, warmingScore } from '../telemetry/facts.ts';
import { start } from './house.ts';

const warming: Score = { ...warmingScore(ENRICH, 'fee'), detector: 'drift' };
const missing = (field: string, what: string): Score => ({
  subject: `${ENRICH}/${field}`,
  detector: 'drift',
  state: 'blind',
  missing: [what],
  value: 0,
  ticketLine: 0.6,
});

const stageOf = (fields: readonly string[], scores: readonly Score[]): StageView => ({
  id: ENRICH,
  after: [],
  every: 1_000,
  verdict: undefined,
  snapshot: {
    ...snapshotOf(ENRICH, { rows: 12 }),
    profiles: new Map(fields.map((field) => [field, { ...amountProfile, field }])),
  },
  scores,
  frozen: false,
  learned: 1,
  relearning: [],
});

test('shows a field that drifted with both of its spreads, the test, the effect, and why', () => {
  const [amount] = toApiProfiles(stageOf(['amount'], [driftScore(ENRICH, 'amount', 4)]));
  assert.deepEqual(amount, {
    field: 'amount',
    kind: 'number',
    from: new Date(NOW - 3_600_000).toISOString(),
    to: new Date(NOW).toISOString(),
    exact: true,
    distinct: null,
    current: { rows: 1_000, nulls: 50, quantiles: amountProfile.quantiles, top: null },
    reference: { rows: 4_000, nulls: 0, quantiles: [[0, 1], [0.5, 20], [1, 90]], top: null }, // biome-ignore format: pairs
    result: 'drift',
    score: 4,
    test: 'mann-whitney',
    statistic: 5.2,
    pValue: 1e-7,
    adjustedP: 3e-7,
    effect: 0.31,
    effectNull: 0.02,
    effectLine: 0.03,
    nRef: 4_000,
    nCur: 1_000,
    why: 'median 20 → 31; significant, and larger than chance by 0.290',
  });
});

test('a difference that is no news says why it is none', () => {
  const whyOf = (change: object): string | undefined => {
    const score = driftScore(ENRICH, 'amount', 0.1);
    const drift = { ...(score.state === 'ready' ? score.drift : undefined), ...change };
    return toApiProfiles(stageOf(['amount'], [{ ...score, drift } as Score]))[0]?.why.split('; ')[1];
  };
  assert.equal(whyOf({ adjustedP: 0.4 }), 'as chance would have it');
  assert.equal(whyOf({ effect: 0.04 }), 'significant, but larger than chance by only 0.020');
  assert.equal(whyOf({ usualP: 0.3 }), 'no more than this field differs at other times');
  assert.equal(whyOf({ usualP: 0.005 }), 'unusual, but within the budget');
});

test('a field without a comparison says what is missing, and has no numbers instead of zeros', () => {
  const scores = [warming, missing('few', '30 rows'), missing('gone', 'gone')];
  const found = toApiProfiles(stageOf(['fee', 'few', 'free'], scores));
  assert.deepEqual(
    found.map(({ field, result, why }) => `${field} ${result}: ${why}`),
    [
      'fee warming: no reference yet: needs 57 more profiles',
      'few insufficient: too little to compare: needs 30 rows on both sides',
      'free unwatched: no detector compares this field',
      'gone insufficient: no profile at the moment',
    ],
  );
  for (const one of found)
    assert.deepEqual([one.reference, one.effect, one.pValue, one.score], [null, null, null, null]);
  assert.equal(found.at(-1)?.current, null);
});

test('a field is no signal of its stage', () => {
  const stage = stageOf(['amount'], [driftScore(ENRICH, 'amount', 4)]);
  assert.deepEqual(
    toApiStage(stage, undefined).signals.map(({ signal }) => signal),
    ['rows'],
  );
});

test('is answered below its stage', async (t) => {
  const { get } = await start(t);
  assert.deepEqual((await get('/api/v1/stages/orders/enrich/profiles')).json, []);
  assert.equal((await get('/api/v1/stages/orders/nothing/profiles')).status, 404);
});

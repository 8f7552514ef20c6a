import assert from 'node:assert/strict';
import test from 'node:test';
import { CAUSES } from '../../src/domain/cause.ts';
import type { Decision } from '../../src/domain/decision.ts';
import type { Incident } from '../../src/domain/incident.ts';
import type { Lease } from '../../src/domain/lease.ts';
import type { Story } from '../../src/domain/notice.ts';
import { type StoryFacts, storyOf } from '../../src/domain/story.ts';

const at = (hour: number, minute: number): number => Date.UTC(2026, 10, 21, hour, minute);

const incident: Incident = {
  id: '4127',
  pipeline: 'orders',
  root: 'orders.enrich',
  affected: ['orders.enrich', 'orders.clean', 'orders.fraud-score', 'orders.warehouse'],
  severity: 'critical',
  cause: 'slow',
  state: 'open',
  openedAt: at(3, 2),
  because: [
    {
      subject: 'orders.enrich/lag_seconds',
      detector: 'baseline',
      score: 23,
      observed: 321,
      lower: 1.8,
      upper: 16,
      text: 'lag_seconds is far above its usual band',
    },
  ],
  rootMoved: false,
  notes: [],
};

const lease: Lease = {
  id: 'L-88',
  policy: 'protect-enrich',
  incident: '4127',
  stage: 'orders.ingest',
  actuator: 'valve',
  request: { kind: 'throttle', rate: 40 },
  state: 'active',
  grantedAt: at(3, 4),
  expiresAt: at(3, 16),
  renewals: 0,
  preImage: null,
  because: 'enrich is critical',
};

const no: Decision = {
  at: at(3, 6),
  policy: 'scale-enrich',
  stage: 'orders.enrich',
  kind: 'withhold',
  reason: 'cooldown',
  because: 'last scaled 02:56',
};

const told = (facts: Partial<StoryFacts>): Story => storyOf({ incident, leases: [], now: at(3, 10), ...facts });

// Golden: the wording of the design brief of the page, with the numbers of its example incident.
test('tells an open incident with a gate held', () => {
  assert.deepEqual(told({ leases: [lease], eta: at(3, 27) }), {
    headline: 'enrich is slow and 5 min behind',
    wrong: 'lag_seconds 321 s, usually 1.8 to 16 s, since 03:02. Root: enrich; nothing upstream is unusual.',
    also: 'clean, fraud-score and warehouse',
    done: 'ingest throttled to 40/s at 03:04 (protect-enrich).',
    next: 'Backlog clears about 03:27. The gate opens by itself at 03:16 unless renewed.',
  });
});

test('tells a recovering incident, and says the lag where no cause is known', () => {
  const story = told({ incident: { ...incident, cause: 'unknown', state: 'recovering' } });
  assert.equal(story.headline, 'enrich is 5 min behind and recovering');
  assert.equal(story.next, 'The incident closes when the stage has stayed normal.');
});

test('tells a resolved incident in the past tense with what was done', () => {
  const ended: Incident = { ...incident, state: 'resolved', resolvedAt: at(3, 29), resolution: 'recovered' };
  const released: Lease = { ...lease, state: 'released', why: 'recovered', releasedAt: at(3, 22) };
  assert.deepEqual(told({ incident: ended, leases: [released], now: at(3, 30) }), {
    headline: 'enrich was slow for 27 min',
    wrong: 'lag_seconds 321 s, usually 1.8 to 16 s, from 03:02 to 03:29. Root: enrich; nothing upstream is unusual.',
    also: 'clean, fraud-score and warehouse',
    done: 'ingest throttled to 40/s from 03:04 to 03:22 (protect-enrich), opened after recovery.',
    next: 'Nothing to do.',
  });
});

test('tells a broken limit with its line, and a stage that gives no answer above the root', () => {
  const [lead] = incident.because;
  assert.ok(lead);
  const { lower, upper, ...rest } = lead;
  const limited: Incident = { ...incident, because: [{ ...rest, limit: 120 }], unknownAbove: 'orders.ingest' };
  assert.equal(
    told({ incident: limited }).wrong,
    'lag_seconds 321 s, limit 120 s, since 03:02. Root: enrich, as far as can be seen; ingest above it gives no answer.',
  );
});

test('says why no gate was moved', () => {
  assert.equal(told({}).done, 'No gate was moved; no policy acts on this.');
  const { done } = told({ withheld: [no] });
  assert.equal(done, 'No gate was moved: the policy cools down after its last use (scale-enrich).');
});

test('says in words when a gate could not be moved or not be opened again', () => {
  const { preImage, ...bare } = lease;
  const refused: Lease = { ...bare, state: 'failed', why: 'could-not-apply', error: 'HTTP 403 from the endpoint' };
  assert.equal(
    told({ leases: [refused] }).done,
    'ingest could not be throttled to 40/s (protect-enrich): HTTP 403 from the endpoint.',
  );
  const stuck: Lease = { ...lease, state: 'failed', why: 'recovered', error: 'timeout' };
  const story = told({ leases: [stuck] });
  assert.equal(
    story.done,
    'ingest was throttled to 40/s at 03:04 (protect-enrich) and could not be opened again: timeout.',
  );
  assert.equal(story.next, 'A gate must be opened by hand.');
});

test('speaks of scaling as put back, not opened', () => {
  const scaled: Lease = { ...lease, request: { kind: 'scale', replicas: 4 } };
  assert.equal(told({ leases: [scaled] }).next, 'The scaling is put back by itself at 03:16 unless renewed.');
  const released: Lease = { ...scaled, state: 'released', why: 'expired', releasedAt: at(3, 9) };
  assert.match(
    told({ leases: [released] }).done,
    /scaled to 4 from 03:04 to 03:09 .* put back when its time was up\.$/,
  );
});

test('says several gates at once and times in the asked offset', () => {
  const other: Lease = {
    ...lease,
    id: 'L-89',
    stage: 'orders.clean',
    request: { kind: 'pause' },
    expiresAt: at(3, 14),
  };
  const story = told({ leases: [lease, other], timezoneOffset: 120 });
  assert.equal(
    story.done,
    'ingest throttled to 40/s at 05:04 (protect-enrich). clean paused at 05:04 (protect-enrich).',
  );
  assert.equal(story.next, '2 gates open by themselves from 05:14 unless renewed.');
});

test('names affected stages of other pipelines in full', () => {
  const wide: Incident = { ...incident, affected: ['orders.enrich', 'billing.invoice'] };
  assert.equal(told({ incident: wide }).also, 'billing.invoice');
});

test('uses the text of evidence that has no single number', () => {
  const vector: Incident = {
    ...incident,
    cause: 'unknown',
    because: [{ subject: 'orders.enrich/*', detector: 'forest', score: 3, text: 'signals move against each other.' }],
  };
  const story = told({ incident: vector });
  assert.equal(story.headline, 'enrich is not normal');
  assert.match(story.wrong, /^signals move against each other, since 03:02\. /);
});

test('has words for every cause, in the present and in the past', () => {
  for (const cause of CAUSES) {
    const now = told({ incident: { ...incident, cause, because: [] } });
    const then = told({ incident: { ...incident, cause, because: [], state: 'resolved', resolvedAt: at(3, 5) } });
    assert.match(now.headline, /^enrich [a-z ]+$/);
    assert.match(then.headline, /^enrich [a-z ]+ for 3 min$/);
    assert.notEqual(now.headline, then.headline);
    assert.match(now.wrong, /^Something is not normal, since 03:02\./);
  }
});

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { SECOND } from '../../src/domain/time.ts';
import { type Estimate, estimate, NO_ESTIMATE } from '../../src/engine/estimate.ts';
import { snapshot } from '../support/plans.ts';

const EVERY = 10 * SECOND;
const START = Date.UTC(2026, 0, 5);

interface Seen {
  readonly out: number;
  readonly lag: number;
  readonly workers?: number;
  readonly more?: Readonly<Record<string, number>>;
  /** Records that wait in each partition, and records a second that leave it. */
  readonly parts?: readonly number[];
  readonly outs?: readonly number[];
}

/** What is believed after so many looks at the same. */
function after(
  before: Estimate,
  times: number,
  { out, lag, workers = 4, more, parts, outs }: Seen,
  calm = false,
): Estimate {
  let now = before;
  for (let i = 0; i < times; i++) {
    const at = Math.max(START, now.at) + EVERY;
    const values = {
      in_records_per_second: 100,
      out_records_per_second: out,
      lag_records: lag,
      workers_ready: workers,
      ...more,
    };
    const known = Object.entries({ lag_records: parts, out_records_per_second: outs }).flatMap(([signal, each]) =>
      each ? [[signal, Float64Array.from(each)] as const] : [],
    );
    now = estimate(now, { ...snapshot('p.in', at, values), parts: new Map(known) }, calm);
  }
  return now;
}

const calm = after(NO_ESTIMATE, 30, { out: 100, lag: 50 }, true);

test('one worker: what each has got done while work waited, with the workers of then', () => {
  const busy = after(calm, 5, { out: 200, lag: 9_000 });
  assert.equal(busy.perWorker, 50);
  const more = after(busy, 20, { out: 100, lag: 50, workers: 12 });
  assert.equal(
    more.perWorker,
    50,
    'those who came later and have nothing to wait for them do not make the others slower',
  );
  assert.equal(more.busyAt, busy.at);
  assert.equal(after(more, 5, { out: 240, lag: 9_000, workers: 12 }).perWorker, 20, 'until work waits again');
});

test('one worker: not learned while calls fail, while partitions move, or where one partition waits alone', () => {
  for (const [why, seen] of Object.entries({
    'calls fail': { out: 40, lag: 9_000, more: { error_ratio: 0.4 } },
    'partitions move': { out: 40, lag: 9_000, more: { rebalancing: 1 } },
    'one partition waits': { out: 100, lag: 9_003, parts: [1, 9_000, 1, 1] },
    'nobody counts workers': { out: 40, lag: 9_000, more: { workers_ready: 0 } },
  }))
    assert.equal(after(calm, 5, seen).perWorker, undefined, why);
  assert.equal(after(calm, 5, { out: 200, lag: 9_000, parts: [3_000, 0, 3_000, 3_000] }).perWorker, 50);
});

test('one worker: where one partition waits alone, what its worker does for it and for its share of the others', () => {
  const parts = [1, 9_000, 1, 1, 1, 1, 1, 1];
  const hot = after(calm, 5, { out: 106, lag: 9_007, workers: 4, parts, outs: [10, 36, 10, 10, 10, 10, 10, 10] });
  assert.equal(hot.perWorker, 46, 'each reads two');
  const stuck = after(calm, 5, { out: 70, lag: 9_007, workers: 4, parts, outs: [10, 0, 10, 10, 10, 10, 10, 10] });
  assert.equal(stuck.perWorker, undefined, 'a record that is tried in vain says nothing of the worker');
});

test('what is usually in transit is not taken for saturation, however long an interval is', () => {
  // Commits every ten seconds: a thousand records always look as if they waited.
  const slowCommits = after(NO_ESTIMATE, 60, { out: 100, lag: 1_000 }, true);
  const { capacity } = after(slowCommits, 20, { out: 60, lag: 700 });
  assert.notEqual(capacity, 60, 'less comes, and so less goes');
  assert.equal(after(slowCommits, 20, { out: 60, lag: 4_000 }).capacity, 60);
  // A night in which a record comes now and then: the first trouble of the morning is seen at once.
  const night = after(slowCommits, 200, { out: 0.01, lag: 2 }, true);
  assert.equal(after(night, 5, { out: 60, lag: 600 }).capacity, 60);
});

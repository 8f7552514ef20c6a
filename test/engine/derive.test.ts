import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { DerivePlan } from '../../src/domain/plan.ts';
import type { Snapshot } from '../../src/domain/snapshot.ts';
import { derive } from '../../src/engine/derive.ts';
import { snapshot, stagePlan } from '../support/plans.ts';

const AT = Date.UTC(2026, 0, 5);
const at = (seconds: number, values: Readonly<Record<string, number>>) => snapshot('p.s', AT + seconds * 1_000, values);

/** What is added to `now`. */
function added(
  rules: readonly DerivePlan[],
  now: Snapshot,
  before?: Snapshot,
  latest = new Map(),
): Record<string, number> {
  const seen = derive(stagePlan('p.s', { derive: rules }), now, before, latest);
  return Object.fromEntries([...seen.values].filter(([name]) => !now.values.has(name)));
}

const RATE: DerivePlan = { name: 'rows_per_second', kind: 'rate', of: 'rows' };
const RATIO: DerivePlan = {
  name: 'kept_ratio',
  kind: 'ratio',
  of: { stage: 'p.s', signal: 'out' },
  to: { stage: 'p.up', signal: 'out' },
};

test('a rate is the growth of a counter over the time between two samples', () => {
  assert.deepEqual(added([RATE], at(10, { rows: 150 }), at(0, { rows: 100 })), { rows_per_second: 5 });
  assert.deepEqual(added([RATE], at(10, { rows: 100 }), at(0, { rows: 100 })), { rows_per_second: 0 });
});

test('there is no rate without a sample before, after a restart of the counter, or over a gap', () => {
  assert.deepEqual(added([RATE], at(10, { rows: 150 })), {});
  assert.deepEqual(added([RATE], at(10, { rows: 3 }), at(0, { rows: 100 })), {});
  assert.deepEqual(added([RATE], at(10, { rows: 3 }), at(0, {})), {});
  assert.deepEqual(added([RATE], at(0, { rows: 3 }), at(0, { rows: 1 })), {});
});

test('a ratio may reach to the newest sample of another stage, and is left out where a part is missing or zero', () => {
  const up = (values: Readonly<Record<string, number>>) => new Map([['p.up', snapshot('p.up', AT, values)]]);
  assert.deepEqual(added([RATIO], at(0, { out: 30 }), undefined, up({ out: 40 })), { kept_ratio: 0.75 });
  assert.deepEqual(added([RATIO], at(0, { out: 30 }), undefined, up({ out: 0 })), {});
  assert.deepEqual(added([RATIO], at(0, { out: 30 }), undefined, up({})), {});
  assert.deepEqual(added([RATIO], at(0, { out: 30 })), {});
  assert.deepEqual(added([RATIO], at(0, {}), undefined, up({ out: 40 })), {});
});

test('the time to drain is told while the backlog clearly shrinks, never from a difference that is noise', () => {
  const flow = (into: number, out: number) =>
    added([], at(0, { lag_records: 600, in_records_per_second: into, out_records_per_second: out }));
  assert.deepEqual(flow(90, 100), { drain_seconds: 60 });
  assert.deepEqual(flow(99.5, 100), {}, 'it would say 20 minutes now and 20 hours at the next look');
  assert.deepEqual(flow(100, 100), {});
  assert.deepEqual(flow(120, 100), {});
  assert.deepEqual(flow(0, 0), {});
});

test('a signal that a probe answers is never replaced', () => {
  const now = at(10, {
    rows: 150,
    rows_per_second: 7,
    drain_seconds: 1,
    lag_records: 5,
    in_records_per_second: 1,
    out_records_per_second: 9,
  });
  const seen = derive(stagePlan('p.s', { derive: [RATE] }), now, at(0, { rows: 0 }), new Map());
  assert.deepEqual([seen.values.get('rows_per_second'), seen.values.get('drain_seconds')], [7, 1]);
});

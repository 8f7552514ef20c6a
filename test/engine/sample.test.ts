import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Events } from '../../src/domain/ports.ts';
import type { Reading } from '../../src/domain/snapshot.ts';
import { createSampler } from '../../src/engine/sample.ts';
import { fakeClock } from '../support/fake-clock.ts';

const silent = new Proxy({}, { get: () => () => {} }) as Events;
const never = new AbortController().signal;

test('what a good answer leaves open is a gap of its probe, beside its values', async () => {
  const reading: Reading = {
    values: new Map([['in_records_per_second', 7]]),
    gaps: [{ signals: ['lag_records'], code: 'not-found', message: 'group x has committed nothing' }],
  };
  const probe = { name: 'kafka#0', source: 'kafka', signals: ['lag_records'], read: async () => reading };
  const snapshot = await createSampler('orders.enrich', 10_000, [probe], fakeClock(), silent).sample(never);
  assert.deepEqual([...snapshot.values], [['in_records_per_second', 7]]);
  assert.deepEqual(snapshot.gaps, [
    { probe: 'kafka#0', signals: ['lag_records'], code: 'not-found', message: 'group x has committed nothing' },
  ]);
  assert.equal(snapshot.absent.size, 0);
});

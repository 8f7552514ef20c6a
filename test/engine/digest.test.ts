import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Incident } from '../../src/domain/incident.ts';
import { DAY, HOUR, MINUTE } from '../../src/domain/time.ts';
import { dailyDigest } from '../../src/engine/digest.ts';

const NOW = Date.UTC(2026, 0, 6, 8);
const incident = (id: string, more: Partial<Incident> = {}): Incident => ({
  id,
  pipeline: 'orders',
  root: `orders.s${id}`,
  affected: [`orders.s${id}`],
  severity: 'warning',
  cause: 'slow',
  state: 'resolved',
  openedAt: NOW - 5 * HOUR,
  resolvedAt: NOW - 4 * HOUR,
  resolution: 'recovered',
  because: [],
  rootMoved: false,
  notes: [],
  ...more,
});

test('a day without incidents has no digest', () => {
  assert.equal(dailyDigest([], NOW), undefined);
  assert.equal(dailyDigest([incident('1', { openedAt: NOW - 3 * DAY, resolvedAt: NOW - 2 * DAY })], NOW), undefined);
});

test('the worst comes first, what is still open counts however old it is, and the key is that of the day', () => {
  const old = incident('2', { openedAt: NOW - 3 * DAY, state: 'open' });
  const page = incident('3', { severity: 'critical', openedAt: NOW - 20 * MINUTE });
  const notice = dailyDigest([incident('1'), old, page], NOW);
  assert.equal(notice?.change, 'digest');
  assert.deepEqual(
    notice?.collapsed?.notices.map((one) => one.incident),
    ['3', '2', '1'],
  );
  assert.match(notice?.story.headline ?? '', /3 incidents, 1 worth a page, 2 worth a ticket, 1 still open/);
  assert.equal(notice?.key, dailyDigest([page], NOW)?.key);
});

test('a bad day is named in part and counted whole', () => {
  const many = Array.from({ length: 50 }, (_, k) => incident(String(k)));
  const notice = dailyDigest(many, NOW);
  assert.equal(notice?.collapsed?.count, 50);
  assert.equal(notice?.collapsed?.notices.length, 20);
  assert.equal(notice?.story.also, '30 more');
});

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Audience, isForInsiders, TOLD_KEY } from '../../src/app/audience.ts';
import type { Collapsed, Notice } from '../../src/domain/notice.ts';
import { incidentOf, noticeOf, resolvedNotice } from '../contracts/notices.ts';

const of = (id: string, change: Notice['change']): Notice => noticeOf({ change, incident: incidentOf({ id }) });
const digest = (instead: boolean, ...news: readonly (readonly [string, Notice['change']])[]): Notice =>
  noticeOf({
    change: 'digest',
    collapsed: {
      count: news.length,
      instead,
      notices: news.map(([incident, change]) => ({ incident, change }) as Collapsed),
    },
  });

test('who was told that an incident opened, or got worse, knows of it until they are told of its end', () => {
  const audience = new Audience();
  assert.deepEqual(audience.took(of('3', 'opened'), 'ops'), [{ put: 'setting', key: TOLD_KEY, value: { 3: ['ops'] } }]);
  assert.deepEqual(audience.took(of('3', 'root-moved'), 'ops'), [], 'known already');
  audience.took(of('3', 'severity-raised'), 'oncall');
  assert.deepEqual(audience.of('3'), ['ops', 'oncall']);
  assert.deepEqual(audience.took(of('3', 'resolved'), 'ops'), [
    { put: 'setting', key: TOLD_KEY, value: { 3: ['oncall'] } },
  ]);
  assert.deepEqual([audience.has('3', 'ops'), audience.has('3', 'oncall')], [false, true]);
  assert.deepEqual(audience.took(of('3', 'resolved'), 'oncall'), [{ put: 'setting', key: TOLD_KEY, value: {} }]);
});

test('what was done, or a test, tells nobody of an incident', () => {
  const audience = new Audience();
  for (const change of ['action', 'test', 'acknowledged'] as const)
    assert.deepEqual(audience.took(of('3', change), 'ops'), []);
  assert.deepEqual(audience.of('3'), []);
});

test('a digest in the place of notices counts as them; one of the day counts as nothing', () => {
  const audience = new Audience();
  audience.took(digest(true, ['3', 'opened'], ['4', 'opened'], ['4', 'resolved'], ['5', 'action']), 'ops');
  assert.deepEqual([audience.of('3'), audience.of('4'), audience.of('5')], [['ops'], [], []]);
  assert.deepEqual(audience.took(digest(false, ['6', 'opened'], ['3', 'resolved']), 'ops'), []);
  assert.deepEqual([audience.of('3'), audience.of('6')], [['ops'], []]);
});

test('after a restart only what somebody can still be owed is remembered', () => {
  const audience = new Audience();
  audience.load({ 3: ['ops'], 4: ['ops'] }, new Set(['3']));
  assert.deepEqual([audience.of('3'), audience.of('4')], [['ops'], []]);
  new Audience().load(undefined, new Set(['3']));
});

test('an end is for those who know the beginning, unless it is all there is to tell', () => {
  assert.equal(isForInsiders(resolvedNotice()), true);
  assert.equal(isForInsiders({ ...resolvedNotice(), missedOpening: true }), false);
  assert.deepEqual([isForInsiders(of('3', 'acknowledged')), isForInsiders(of('3', 'opened'))], [true, false]);
});

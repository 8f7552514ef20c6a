import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import type { Notice } from '../../src/domain/notice.ts';
import type { OutboxItem } from '../../src/domain/ports.ts';
import { DAY, HOUR, MINUTE, SECOND } from '../../src/domain/time.ts';
import { collapse, noticeIn, type Queue } from '../../src/engine/collapse.ts';
import { noticeItem } from '../../src/engine/notify.ts';
import { incidentOf, noticeOf } from '../contracts/notices.ts';

const NOW = noticeOf().at + HOUR;

interface Row {
  readonly id?: string;
  readonly change?: Notice['change'];
  readonly severity?: 'critical' | 'warning';
  readonly age?: number;
}

/** The row that owes one notice to `ops`, `age` before now. */
function row({ id = '3', change = 'opened', severity = 'critical', age = SECOND }: Row = {}): OutboxItem {
  const at = NOW - age;
  const incident = incidentOf({
    id,
    severity,
    openedAt: NOW - 4 * MINUTE,
    ...(change === 'resolved' && { state: 'resolved' as const, resolvedAt: NOW - MINUTE }),
  });
  const story = { ...noticeOf().story, headline: `${change} ${id}` };
  const own = change === 'action' ? 'info' : severity;
  return noticeItem(noticeOf({ key: `k-${id}-${change}-${age}`, at, change, severity: own, incident, story }), 'ops');
}

const queue = (items: readonly OutboxItem[], more: Partial<Queue> = {}): Queue => ({
  lane: 'notifier:ops',
  items,
  now: NOW,
  slow: false,
  together: true,
  ...more,
});

/** What waits in the end, once there is nothing left to fold. */
function folded(items: readonly OutboxItem[], more: Partial<Queue> = {}): readonly OutboxItem[] {
  let waiting = [...items];
  for (let rounds = 0; ; rounds++) {
    const step = collapse(queue(waiting, more));
    if (!step) return waiting;
    assert.ok(rounds < 5, 'it comes to an end');
    const gone = new Set([...step.drop, ...step.put.map(({ id }) => id)]);
    waiting = [...waiting.filter(({ id }) => !gone.has(id)), ...step.put];
  }
}
const changes = (items: readonly OutboxItem[]) => items.map((item) => noticeIn(item).change);

test('what is fresh and can be sent stays as it is', () => {
  const items = [row(), row({ id: '4', severity: 'warning' }), row({ id: '4', change: 'action' })];
  assert.equal(collapse(queue(items)), undefined);
  assert.equal(collapse(queue(items, { slow: true })), undefined);
});

test('opened and resolved become one: fired and recovered, with the key of the end', () => {
  const end = row({ change: 'resolved' });
  const [only, ...more] = folded([row({ age: MINUTE }), end]);
  assert.ok(only);
  assert.deepEqual([only.id, more], [end.id, []]);
  const { missedOpening, story } = noticeIn(only);
  assert.deepEqual([missedOpening, story.headline], [true, 'enrich fired and recovered in 3 min']);
});

test('what was done meanwhile stands in that one, but a keeper of state gets it by itself', () => {
  const items = [row({ age: MINUTE }), row({ change: 'action', age: 30 * SECOND }), row({ change: 'resolved' })];
  assert.deepEqual(changes(folded(items)), ['resolved']);
  assert.deepEqual(changes(folded(items, { together: false })).toSorted(), ['action', 'resolved']);
});

test('an opening that waits tells what is known by now, under its own key and as urgently as the latest', () => {
  const opened = row({ severity: 'warning', age: MINUTE });
  const [only, ...more] = folded([opened, row({ change: 'severity-raised' })]);
  assert.ok(only);
  assert.deepEqual([only.id, only.priority, more], [opened.id, 0, []]);
  const { change, severity, key, story } = noticeIn(only);
  assert.deepEqual([change, severity, key], ['opened', 'critical', noticeIn(opened).key]);
  assert.equal(story.headline, 'severity-raised 3');
});

test('where the opening was told, the end overtakes what came between', () => {
  const items = [row({ change: 'severity-raised', age: MINUTE }), row({ change: 'resolved' })];
  const [only] = folded(items);
  assert.equal(noticeIn(only as OutboxItem).missedOpening, undefined);
  assert.deepEqual(changes(folded(items)), ['resolved']);
});

test('a slow receiver gets tickets in one after 45 s, and pages too only after 90 s', () => {
  const rows = (age: number) => [
    ...Array.from({ length: 5 }, (_, k) => row({ id: `p${k}`, age })),
    ...Array.from({ length: 10 }, (_, k) => row({ id: `t${k}`, severity: 'warning', age })),
  ];
  const at = (age: number, slow = true) =>
    changes(folded(rows(age), { slow }))
      .toSorted()
      .join(' ');
  assert.equal(at(44 * SECOND), Array(15).fill('opened').join(' '));
  assert.equal(at(45 * SECOND), 'digest opened opened opened opened opened');
  assert.equal(at(90 * SECOND), 'digest');
  assert.equal(at(90 * SECOND, false), Array(15).fill('opened').join(' '), 'a quick receiver gets them one by one');
});

test('the digest names the worst first, counts all, and is as urgent as its most urgent', () => {
  const rows = [
    ...Array.from({ length: 3 }, (_, k) => row({ id: `t${k}`, severity: 'warning', age: 100 * SECOND })),
    row({ id: 'p', age: 91 * SECOND }),
  ];
  const [only] = folded(rows, { slow: true });
  assert.ok(only);
  const { collapsed, story, severity, incident } = noticeIn(only);
  assert.deepEqual([only.lane, only.priority, severity, incident.id], ['notifier:ops', 0, 'critical', 'p']);
  assert.deepEqual([collapsed?.count, collapsed?.instead], [4, true]);
  assert.equal(story.wrong, '4 notices not delivered one by one: opened p; opened t0; opened t1; …');
});

test('a digest that waits takes in what comes later; one or two stragglers are told by themselves', () => {
  const wave = (name: string) =>
    Array.from({ length: 4 }, (_, k) => row({ id: `${name}${k}`, severity: 'warning', age: MINUTE }));
  const first = folded(wave('a'), { slow: true });
  assert.deepEqual(changes(folded([...first, ...wave('b').slice(0, 2)], { slow: true })), [
    'digest',
    'opened',
    'opened',
  ]);
  const [second, ...more] = folded([...first, ...wave('b')], { slow: true });
  assert.deepEqual([noticeIn(second as OutboxItem).collapsed?.count, more], [8, []]);
});

test('the end of an incident whose beginning waits in a digest goes into the digest, never ahead of it', () => {
  const rows = Array.from({ length: 4 }, (_, k) => row({ id: `${k}`, severity: 'warning', age: MINUTE }));
  const [digest] = folded(rows, { slow: true });
  const [only, ...more] = folded([digest as OutboxItem, row({ id: '2', change: 'resolved' })]);
  const told = noticeIn(only as OutboxItem).collapsed?.notices.filter(({ incident }) => incident === '2');
  assert.deepEqual([told?.map(({ change }) => change).toSorted(), more], [['opened', 'resolved'], []]);
});

test('tickets older than two hours and pages older than a day are told in one, however quick the receiver is', () => {
  const rows = [row({ id: 't', severity: 'warning', age: 2 * HOUR }), row({ id: 'p', age: 2 * HOUR })];
  assert.deepEqual(changes(folded(rows)).toSorted(), ['digest', 'opened']);
  assert.deepEqual(changes(folded([row({ age: DAY })])), ['digest']);
});

test('who keeps a state for each incident gets no digest, and a test is never part of one', () => {
  const rows = Array.from({ length: 9 }, (_, k) => row({ id: `${k}`, severity: 'warning', age: 3 * HOUR }));
  assert.equal(collapse(queue(rows, { together: false, slow: true })), undefined);
  const rehearsal = row({ change: 'test', severity: 'warning', age: 3 * HOUR });
  assert.equal(collapse(queue([rehearsal], { slow: true })), undefined);
});

test('a digest of the day is no part of it either', () => {
  const daily = noticeItem(
    noticeOf({ change: 'digest', severity: 'info', at: NOW - MINUTE, collapsed: { count: 2, notices: [] } }),
    'ops',
  );
  const rows = Array.from({ length: 4 }, (_, k) => row({ id: `${k}`, severity: 'warning', age: MINUTE }));
  const counts = folded([daily, ...rows], { slow: true }).map((item) => noticeIn(item).collapsed?.count);
  assert.deepEqual(counts, [2, 4]);
});

test('whatever waits, every incident is still told, and an end never without its beginning', () => {
  const any = fc.record({
    id: fc.constantFrom('1', '2', '3', '4'),
    change: fc.constantFrom<Notice['change']>('opened', 'severity-raised', 'root-moved', 'action', 'resolved'),
    severity: fc.constantFrom<'critical' | 'warning'>('critical', 'warning'),
    age: fc.integer({ min: 1, max: 30 * HOUR }),
  });
  fc.assert(
    fc.property(fc.array(any, { maxLength: 20 }), fc.boolean(), fc.boolean(), (rows, slow, together) => {
      const items = [...new Map(rows.map((one) => [`${one.id} ${one.change}`, row(one)])).values()];
      const left = folded(items, { slow, together }).map(noticeIn);
      const told = (id: string) =>
        left.some((one) =>
          one.collapsed ? one.collapsed.notices.some((part) => part.incident === id) : one.incident.id === id,
        );
      for (const { id } of rows) assert.ok(told(id), id);
      if (!together) assert.ok(left.every(({ change }) => change !== 'digest'));
    }),
    { numRuns: 2_000 },
  );
});

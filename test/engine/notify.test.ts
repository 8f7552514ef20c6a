import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Incident, IncidentChange } from '../../src/domain/incident.ts';
import type { Lease } from '../../src/domain/lease.ts';
import type { Notice } from '../../src/domain/notice.ts';
import { DAY, HOUR, MINUTE } from '../../src/domain/time.ts';
import { newDraft, outcomeOf } from '../../src/engine/ledger.ts';
import { type NoticeView, noticesOf, outboxItemsOf, type Route } from '../../src/engine/notify.ts';
import { incident, lease, MONDAY } from '../stores/rows.ts';

const NOW = MONDAY + MINUTE;

interface Happened {
  readonly of: Incident;
  readonly changes?: readonly IncidentChange['kind'][];
  readonly leases?: readonly Lease[];
  readonly view?: Partial<NoticeView>;
}

/** The notices of one incident that changed, and of leases that did. */
function noticesAbout({ of, changes = [], leases = [], view = {} }: Happened): readonly Notice[] {
  const draft = newDraft();
  const facts = changes.map(
    (kind) => ({ kind, from: 'orders.load', stages: [], resolution: 'recovered' }) as unknown as IncidentChange,
  );
  if (facts.length > 0) draft.incidents.push({ incident: of, changes: facts });
  for (const one of leases) draft.leases.set(one.id, one);
  return noticesOf(outcomeOf(draft), {
    now: NOW,
    routes: [],
    incident: (id) => (id === of.id ? of : undefined),
    leasesOf: () => leases,
    withheldFor: () => [],
    inMaintenance: () => false,
    budgetOf: () => undefined,
    ...view,
  });
}

const changesOf = (notices: readonly Notice[]) => notices.map(({ change }) => change);
const route = (more: Partial<Route> = {}): Route => ({
  severities: [],
  pipeline: undefined,
  stage: undefined,
  to: ['ops'],
  ...more,
});

test('one notice for an incident that opens, however many stages feel it', () => {
  const wide = incident('7', { affected: Array.from({ length: 40 }, (_, i) => `orders.s${i}` as const) });
  const notices = noticesAbout({ of: wide, changes: ['opened', 'affected', 'cause-named'] });
  assert.deepEqual(changesOf(notices), ['opened']);
  assert.equal(notices[0]?.severity, 'critical');
  assert.ok(notices[0]?.story.headline);
});

test('says what the pipeline has spent of its pages', () => {
  const [notice] = noticesAbout({
    of: incident('7'),
    changes: ['opened'],
    view: { budgetOf: (name) => (name === 'orders' ? { pagesUsed: 1, pagesPerWeek: 2 } : undefined) },
  });
  assert.deepEqual(notice?.budget, { pagesUsed: 1, pagesPerWeek: 2 });
});

test('tells what a person wants to hear of at once, and leaves the rest to the page', () => {
  const all: IncidentChange['kind'][] = [
    'opened',
    'severity-raised',
    'root-moved',
    'affected',
    'cause-named',
    'recovering',
    'relapsed',
    'resolved',
    'acknowledged',
    'muted',
    'labelled',
    'noted',
  ];
  assert.deepEqual(changesOf(noticesAbout({ of: incident('7'), changes: all })), [
    'opened',
    'severity-raised',
    'root-moved',
    'resolved',
    'acknowledged',
  ]);
});

test('says once that a gate was moved, put back, or could not be; a renewal is no news', () => {
  const states: Partial<Lease>[] = [
    { state: 'pending' },
    { state: 'applying' },
    { state: 'active' },
    { state: 'active', renewals: 3 },
    { state: 'reverting' },
    { state: 'released' },
    { state: 'failed' },
  ];
  const told = states.map((state) => noticesAbout({ of: incident('i1'), leases: [lease('L1', state)] }));
  assert.deepEqual(
    told.map((notices) => notices.length),
    [0, 0, 1, 0, 0, 1, 1],
  );
  assert.deepEqual(
    told.flat().map(({ change, severity }) => `${change} ${severity}`),
    ['action info', 'action info', 'action info'],
  );
  assert.equal(new Set(told.flat().map(({ key }) => key)).size, 3, 'each with a key of its own');
});

test('a muted incident is silent until the mute is over, and its end is told all the same', () => {
  const muted = incident('7', { mutedUntil: NOW + 1 });
  const changes = ['opened', 'severity-raised', 'resolved'] as const;
  assert.deepEqual(changesOf(noticesAbout({ of: muted, changes })), ['resolved']);
  assert.deepEqual(noticesAbout({ of: { ...muted, id: 'i1' }, leases: [lease('L1')] }), []);
  assert.deepEqual(changesOf(noticesAbout({ of: incident('7', { mutedUntil: NOW }), changes })), [...changes]);
});

test('maintenance of the root keeps silent, that of another stage does not', () => {
  const at = (stage: string) => ({ inMaintenance: (one: string) => one === stage });
  assert.deepEqual(
    changesOf(noticesAbout({ of: incident('7'), changes: ['opened', 'resolved'], view: at('orders.enrich') })),
    ['resolved'],
  );
  assert.deepEqual(changesOf(noticesAbout({ of: incident('7'), changes: ['opened'], view: at('orders.load') })), [
    'opened',
  ]);
});

test('the end carries the same incident as the opening, later, under another key', () => {
  const [opened] = noticesAbout({ of: incident('7'), changes: ['opened'] });
  const resolved = incident('7', { state: 'resolved', resolvedAt: NOW, resolution: 'recovered' });
  const [closed] = noticesAbout({ of: resolved, changes: ['resolved'], view: { now: NOW + HOUR } });
  assert.equal(closed?.incident.id, opened?.incident.id);
  assert.notEqual(closed?.key, opened?.key);
  assert.match(closed?.key ?? '', /^headgate-7-resolved-\d+$/);
});

test('a notice becomes one durable row for each notifier, however many routes lead there', () => {
  const [notice] = noticesAbout({ of: incident('7'), changes: ['opened'] }) as [Notice];
  const rows = outboxItemsOf(notice, [route(), route({ to: ['ops', 'oncall'] })]);
  assert.deepEqual(
    rows.map(({ id, lane }) => [id, lane]),
    [
      [`${notice.key}@ops`, 'notifier:ops'],
      [`${notice.key}@oncall`, 'notifier:oncall'],
    ],
  );
  assert.equal((rows.at(0)?.body as unknown as Notice | undefined)?.key, notice.key);
});

test('routes choose by severity, pipeline and stage', () => {
  const goes = (one: Route, of: Incident, change: IncidentChange['kind'] = 'opened') => {
    const [notice] = noticesAbout({ of, changes: [change] }) as [Notice];
    return outboxItemsOf(notice, [one]).length === 1;
  };
  const [page, ticket] = [incident('7'), incident('8', { severity: 'warning' })];
  assert.deepEqual(
    [goes(route({ severities: ['critical'] }), page), goes(route({ severities: ['critical'] }), ticket)],
    [true, false],
  );
  assert.deepEqual(
    [goes(route({ pipeline: 'orders' }), page), goes(route({ pipeline: 'refunds' }), page)],
    [true, false],
  );
  assert.deepEqual(
    [goes(route({ stage: 'orders.enrich' }), page), goes(route({ stage: 'orders.load' }), page)],
    [true, false],
  );
  assert.ok(goes(route({ severities: ['critical'] }), page, 'resolved'), 'whoever heard of it hears of its end');
});

test('what was done goes to those who hear of the incident, and to those who asked for everything done', () => {
  const [action] = noticesAbout({ of: incident('i1'), leases: [lease('L1')] }) as [Notice];
  const to = (severities: Route['severities']) => outboxItemsOf(action, [route({ severities })]).length;
  assert.deepEqual([to(['critical']), to(['info']), to(['warning']), to([])], [1, 1, 0, 1]);
});

test('pages go before tickets and actions, and are owed for a day; the others for two hours', () => {
  const rowOf = (happened: Happened) => outboxItemsOf(noticesAbout(happened)[0] as Notice, [route()])[0];
  const rows = [
    rowOf({ of: incident('7'), changes: ['opened'] }),
    rowOf({ of: incident('7'), changes: ['resolved'] }),
    rowOf({ of: incident('8', { severity: 'warning' }), changes: ['opened'] }),
    rowOf({ of: incident('i1'), leases: [lease('L1')] }),
  ];
  assert.deepEqual(
    rows.map((row) => row?.priority),
    [0, 1, 2, 3],
  );
  assert.deepEqual(
    rows.map((row) => (row?.giveUpAt ?? 0) - NOW),
    [DAY, DAY, 2 * HOUR, 2 * HOUR],
  );
});

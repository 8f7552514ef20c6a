import assert from 'node:assert/strict';
import { test } from 'node:test';
import { gatesWhileOffline, livenessOf } from '../../src/page/model/contact.ts';
import { applyEvent, emptyFleet, type Fleet, putStages, readyAt } from '../../src/page/model/fleet.ts';
import { canalOf, neighbourhood } from '../../src/page/model/graph.ts';
import { headlineOf } from '../../src/page/model/headline.ts';
import { keyReader } from '../../src/page/model/keys.ts';
import { partsOf, partsOfFact } from '../../src/page/model/parts.ts';
import { releaseText } from '../../src/page/model/release.ts';
import { ribbonOf } from '../../src/page/model/ribbon.ts';
import { hashOf, parseRoute, withQuery } from '../../src/page/model/route.ts';
import { countStates, filterRows, rowsOf } from '../../src/page/model/row.ts';
import { slackText } from '../../src/page/model/slack.ts';
import { beginningOf, shifted, shownWindow } from '../../src/page/model/window.ts';
import type { ApiLease, ApiStage } from '../../src/server/api.ts';
import { incident, lease } from './support/records.ts';
import { HELD_UNTIL, iso, NIGHT } from './support/shapes.ts';
import { type Situation, worldAt } from './support/world.ts';

const plain = (text: string): string => text.replaceAll('\u202f', ' ');

function fleetOf(situation: Situation): Fleet {
  const fleet = emptyFleet();
  const { stages, ...rest } = worldAt(situation, NIGHT);
  Object.assign(fleet, rest);
  putStages(fleet, stages);
  return fleet;
}

const rowsIn = (situation: Situation) => {
  const fleet = fleetOf(situation);
  return rowsOf(fleet.stages, fleet.incidents, fleet.leases, NIGHT);
};

const headline = (situation: Situation): string =>
  plain(headlineOf(fleetOf(situation), rowsIn(situation), NIGHT).sentence);

test('rows are ordered worst first: state, then score', () => {
  assert.deepEqual(
    rowsIn('incident')
      .slice(0, 8)
      .map((row) => `${row.state} ${row.name}`),
    [
      'critical enrich',
      'warning clean',
      'warning fraud-score',
      'warning warehouse',
      'unknown features',
      'held ingest',
      'learning ledger',
      'ok daily-report',
    ],
  );
});

test('a row says why and never prints 0 for no answer', () => {
  const rows = new Map(rowsIn('incident').map((row) => [row.name, row]));
  assert.equal(rows.get('enrich')?.because, 'root of #4127');
  assert.equal(rows.get('warehouse')?.because, 'after clean');
  assert.equal(rows.get('features')?.now, 'no answer');
  assert.match(rows.get('features')?.because ?? '', /connect timeout/);
  assert.equal(rows.get('features')?.score, null);
  assert.equal(plain(rows.get('ingest')?.because ?? ''), 'gate at 40 %');
  assert.equal(plain(rows.get('ledger')?.because ?? ''), '62 % learned');
  assert.equal(plain(rows.get('ingest')?.lasted ?? ''), '6 min');
});

test('a stage that was never asked has learned nothing and has no number', () => {
  const [stage] = worldAt('quiet', NIGHT).stages as [ApiStage];
  const fresh: ApiStage = { ...stage, at: null, since: null, verdict: 'unknown', signals: [], score: null };
  const [row] = rowsOf(new Map([[fresh.id, fresh]]), [], [], NIGHT);
  assert.deepEqual(
    [row?.state, row?.now, row?.because, row?.learned],
    ['learning', 'no data yet', 'first answer due', 0],
  );
});

test('a stage that learns again what was known says why in its row', () => {
  const world = worldAt('incident', NIGHT);
  const ledger = world.stages.find(({ id }) => id === 'payments.ledger') as ApiStage;
  const rowWith = (reason: 'update' | 'config'): string => {
    const stage: ApiStage = { ...ledger, relearning: [{ detector: 'baseline', reason, text: 'learns anew' }] };
    return plain(rowsOf(new Map([[stage.id, stage]]), [], [], NIGHT)[0]?.because ?? '');
  };
  assert.equal(rowWith('update'), '62 % learned, anew since an update');
  assert.equal(rowWith('config'), '62 % learned, anew');
});

test('rows are filtered by state and by a part of the name', () => {
  const rows = rowsIn('incident');
  assert.equal(filterRows(rows, 'warning', '').length, 3);
  assert.deepEqual(
    filterRows(rows, '', ' LEDG ').map((row) => row.name),
    ['ledger'],
  );
  assert.deepEqual(countStates(rows)[0], { state: 'critical', count: 1 });
});

test('the headline says what is so when no incident is open', () => {
  assert.equal(headline('quiet'), 'All 12 stages are normal. No gate is held.');
  assert.equal(headline('learning'), 'Learning: 3 of 12 stages ready.');
  assert.equal(headline('gaps'), 'features gives no answer. The other 11 are normal. No gate is held.');
});

test('the time of being ready follows from the pace that was seen', () => {
  const fleet = fleetOf('learning');
  const later = worldAt('learning', NIGHT + 36_000).stages.find((stage) => stage.id === 'orders.enrich') as ApiStage;
  assert.equal(readyAt(fleet, fleet.stages.get('orders.enrich') as ApiStage), undefined);
  applyEvent(fleet, { event: 'stage', data: later });
  // It learns 1 % in 36 s and has 19 % to go.
  assert.ok(Math.abs((readyAt(fleet, later) ?? 0) - (NIGHT + 36_000 + 19 * 36_000)) < 2_000);
});

test('an older answer never replaces a newer event', () => {
  const fleet = fleetOf('quiet');
  const [stage] = worldAt('quiet', NIGHT + 60_000).stages;
  applyEvent(fleet, { event: 'stage', data: stage as ApiStage });
  putStages(fleet, worldAt('quiet', NIGHT).stages);
  assert.equal(fleet.stages.get(stage?.id ?? '')?.at, iso(NIGHT + 60_000));
});

test('a stage that left the config leaves the page', () => {
  const fleet = fleetOf('quiet');
  putStages(fleet, worldAt('quiet', NIGHT).stages.slice(1));
  assert.equal(fleet.stages.size, 11);
});

test('a line is live, late and offline by what was heard last', () => {
  const open = { phase: 'open', heardAt: 0, retryAt: undefined } as const;
  assert.equal(livenessOf(open, 4_000, 4_000, 10_000), 'live');
  assert.equal(livenessOf(open, 11_000, 4_000, 10_000), 'late');
  assert.equal(livenessOf(open, 16_000, 4_000, 10_000), 'offline');
  assert.equal(livenessOf(open, 1_000, 40_000, 10_000), 'late');
  assert.equal(livenessOf({ ...open, phase: 'lost' }, 1_000, 1_000, 10_000), 'late');
  assert.equal(livenessOf({ ...open, phase: 'lost' }, 3_000, 1_000, 10_000), 'offline');
  assert.equal(
    livenessOf({ phase: 'connecting', heardAt: undefined, retryAt: undefined }, 9, undefined, 1),
    'connecting',
  );
});

test('the offline page tells valves from gates that Headgate must put back itself', () => {
  assert.match(gatesWhileOffline([]), /No gate was held/);
  assert.match(
    gatesWhileOffline([lease]),
    /The gate on ingest opens by itself at .+ at the latest, with or without this page/,
  );
  const other: ApiLease = { ...lease, id: 'L-1', stage: 'orders.clean', actuator: 'http' };
  const both = gatesWhileOffline([lease, other]);
  assert.match(both, /opens by itself/);
  assert.match(both, /clean \(http\) back when the time is up; if Headgate itself is down, when it runs again/);
});

test('branches of a canal never share a lane, and feeders stand in the middle', () => {
  const canal = canalOf(worldAt('quiet', NIGHT).stages.filter((stage) => stage.pipeline === 'orders'));
  const place = new Map(canal.places.map((one) => [one.id.slice(7), one]));
  assert.deepEqual(
    ['ingest', 'enrich', 'clean', 'warehouse'].map((name) => place.get(name)?.depth),
    [0, 1, 2, 3],
  );
  const spots = canal.places.map((one) => `${one.depth} ${one.lane}`);
  assert.equal(new Set(spots).size, spots.length);
  assert.equal(place.get('enrich')?.lane, 1);
});

test('a circle of stages is drawn rather than followed for ever', () => {
  assert.equal(
    canalOf([
      { id: 'a', after: ['b'] },
      { id: 'b', after: ['a'] },
    ]).places.length,
    2,
  );
});

test('a large pipeline is drawn around what is not normal', () => {
  const nodes = Array.from({ length: 200 }, (_, index) => ({
    id: `s${index}`,
    after: index > 0 ? [`s${index - 1}`] : [],
  }));
  const near = neighbourhood(nodes, new Set(['s100']), 5).map((node) => node.id);
  assert.deepEqual(near, ['s98', 's99', 's100', 's101', 's102']);
  assert.deepEqual(neighbourhood(nodes, new Set(), 5), []);
});

test('a ribbon has no holes and ends in the present verdict', () => {
  const stage = worldAt('incident', NIGHT).stages.find((one) => one.id === 'orders.enrich') as ApiStage;
  const ribbon = ribbonOf(stage, [incident], undefined, NIGHT - 3_600_000, NIGHT);
  assert.deepEqual(
    ribbon.map((one) => one.state),
    ['ok', 'critical'],
  );
  assert.equal(ribbon[0]?.from, NIGHT - 3_600_000);
  assert.equal(ribbon[0]?.to, ribbon[1]?.from);
  assert.equal(ribbon.at(-1)?.to, NIGHT);
});

test('a hash is read back as it was written', () => {
  for (const hash of [
    '#/',
    '#/stage/orders/enrich?range=2h',
    '#/incidents/4127',
    '#/gates',
    '#/health',
    '#/incidents?state=open',
  ]) {
    const route = parseRoute(hash);
    assert.equal(hashOf(route.screen, route.query), hash);
  }
  assert.equal(withQuery(parseRoute('#/?q=a&state=ok'), { q: '' }), '#/?state=ok');
  assert.equal(parseRoute('').screen.name, 'overview');
  assert.equal(parseRoute('#/nothing/here').screen.name, 'nowhere');
  assert.equal(parseRoute('#/stage/%E0%A4%A/x').screen.name, 'stage');
});

test('g waits for the key after it', () => {
  const read = keyReader();
  assert.deepEqual([read('g'), read('i')], [undefined, { kind: 'go', hash: '#/incidents' }]);
  assert.deepEqual(read('a'), { kind: 'acknowledge' });
  assert.deepEqual([read('g'), read('x'), read('x')], [undefined, undefined, undefined]);
});

test('a release says what changes and what is to be expected', () => {
  const fleet = fleetOf('incident');
  const [change = '', expect = ''] = releaseText(lease, fleet.stages.get('orders.ingest'), fleet).map(plain);
  assert.match(change, /^The flow of ingest goes back from 40 % to 100 % \(about 1\.8 k \/s\), at once\.$/);
  assert.match(expect, /^enrich still has \d+ s of lag; at full inflow that grows by about 0\.5\d? s each second\.$/);
});

test('what is copied for Slack escapes its control characters and links to the page', () => {
  const text = slackText({ ...incident, story: { ...incident.story, wrong: 'a < b & c > d' } }, 'http://h/');
  assert.match(text, /^:octagonal_sign: \*Critical · enrich is 5 min behind and recovering\* · orders #4127$/m);
  assert.match(text, /^\*Wrong\* a &lt; b &amp; c &gt; d$/m);
  assert.match(text, /^http:\/\/h\/#\/incidents\/4127 \(times in UTC\)$/m);
});

test('a window that nobody chose is as long as there is data for, and three minutes at least', () => {
  const route = parseRoute('#/stage/a/b');
  const minutesFor = (seconds: number, open?: typeof incident): number => {
    const shown = shownWindow(route, NIGHT, open, NIGHT - seconds * 1_000);
    assert.ok(shown.live && 'length' in shown.window && shown.window.length === shown.to - shown.from);
    return (shown.to - shown.from) / 60_000;
  };
  assert.deepEqual(
    [1, 60, 181, 400, 3_000, 7_000, 86_400].map((age) => minutesFor(age)),
    [3, 3, 5, 8, 70, 120, 120],
  );
  assert.equal(minutesFor(60, incident), 3, 'also where an incident opened before there was data');
  assert.equal(shownWindow(route, NIGHT).from, NIGHT - 120 * 60_000, 'while nothing is known');
  const chosen = shownWindow(parseRoute('#/stage/a/b?range=12h'), NIGHT, undefined, NIGHT - 60_000);
  assert.equal(chosen.from, NIGHT - 12 * 3_600_000, 'what was chosen stays');
  const signal = { signal: 'rows', value: [1], lower: [null], upper: [null] };
  const series = {
    signals: [
      { ...signal, at: [NIGHT - 5_000] },
      { ...signal, at: [NIGHT - 9_000] },
      { ...signal, at: [] },
    ],
  };
  const head = { stage: 'a.b', from: iso(NIGHT), to: iso(NIGHT), stepSeconds: 1, ahead: [], excluded: [] };
  assert.equal(beginningOf({ ...head, ...series }), NIGHT - 9_000);
  assert.equal(beginningOf({ ...head, signals: [] }), undefined);
});

test('what a stage shows stands beside the share of each signal, with what was expected', () => {
  const world = worldAt('incident', NIGHT);
  const enrich = world.stages.find(({ id }) => id === 'orders.enrich') as ApiStage;
  const [first, second] = partsOf(enrich).map((one) => ({
    ...one,
    value: plain(one.value),
    expected: plain(one.expected),
  }));
  assert.ok(
    first?.signal === 'lag_seconds' && first.outside && first.value.endsWith(' s') && / to /.test(first.expected),
  );
  assert.ok(second && second.share < first.share && second.value !== '');
  const quiet = worldAt('quiet', NIGHT).stages[0] as ApiStage;
  assert.deepEqual(partsOf(quiet), []);
  const gone = { ...enrich, signals: [] };
  assert.deepEqual(partsOf(gone)[0], {
    signal: 'lag_seconds',
    share: first.share,
    value: '',
    expected: '',
    outside: false,
  });
  const part = { signal: 'rows', unit: 'count', share: 0.6, observed: 12, expected: [90, 110] as [number, number] };
  const fact = {
    ...(incident.because[0] as (typeof incident.because)[number]),
    parts: [part, { ...part, expected: null }],
  };
  assert.deepEqual(
    partsOfFact(fact).map(({ value, expected, outside }) => [value, expected, outside]),
    [
      ['12', '90 to 110', true],
      ['12', '', false],
    ],
  );
});

test('a window follows the incident, the choice, or the fixed range in the URL', () => {
  const auto = shownWindow(parseRoute('#/stage/a/b'), NIGHT, incident);
  assert.ok(auto.live && auto.to - auto.from >= 30 * 60_000 && auto.to - auto.from <= 45 * 60_000);
  assert.equal(shownWindow(parseRoute('#/stage/a/b?range=12h'), NIGHT).from, NIGHT - 12 * 3_600_000);
  const back = shifted(auto, -1, NIGHT);
  const fixed = shownWindow(parseRoute(`#/stage/a/b?from=${back.from}&to=${back.to}`), NIGHT);
  assert.equal(fixed.live, false);
  assert.deepEqual(shifted(fixed, 1, NIGHT), { from: '', to: '' });
  assert.ok(HELD_UNTIL > fixed.to);
});

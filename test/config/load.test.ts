import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { StageId } from '../../src/domain/stage.ts';
import { DAY, HOUR, MINUTE, SECOND, WEEK } from '../../src/domain/time.ts';
import { good, stage, warningsOf } from './fixture/load.ts';
import { fixtures } from './fixture/registry.ts';

const ONE = 'pipelines: { p: { stages: { s: {} } } }\n';
const signals = (text: string) => good(`pipelines: { p: { stages: { s: { signals: ${text} } } } }`);

describe('a config with one empty stage', () => {
  const config = good(ONE);

  test('listens on loopback, keeps an SQLite file, and has the valve', () => {
    assert.equal(config.server.host, '127.0.0.1');
    assert.equal(config.server.port, 9464);
    assert.equal(config.server.pageUrl, 'http://127.0.0.1:9464');
    assert.equal(config.store.type, 'sqlite');
    assert.deepEqual(config.store.config, { path: './headgate.db', read_only: false });
    assert.deepEqual([...config.actuators.keys()], ['valve']);
    assert.equal(config.tracing, undefined);
    assert.equal(config.log.level, 'info');
    assert.deepEqual(config.retention, { raw: 2 * DAY, minutes: 30 * DAY, hours: 400 * DAY, history: 400 * DAY });
  });

  test('looks every ten seconds for seasons of a day and a week, within one page a week and one ticket a day', () => {
    const { every, season, budget, after, detectors } = stage(config, 'p.s');
    assert.equal(every, 10 * SECOND);
    assert.deepEqual(season, [DAY, WEEK]);
    assert.deepEqual(budget, { pagesPerWeek: 1, ticketsPerWeek: 7 });
    assert.deepEqual(after, []);
    assert.deepEqual(
      detectors.map(({ type }) => type),
      ['limits', 'baseline'],
    );
    assert.deepEqual(config.probes.get('p.s'), []);
  });
});

describe('server and store', () => {
  test('an IPv6 address and a port of 0 are read', () => {
    const { host, port } = good(`server: { listen: "[::1]:0" }\n${ONE}`).server;
    assert.deepEqual([host, port], ['::1', 0]);
  });

  test('the page address loses its last slash', () => {
    assert.equal(
      good(`server: { page_url: https://gate.example/x/ }\n${ONE}`).server.pageUrl,
      'https://gate.example/x',
    );
  });

  test('a store is written as text, as true, or as a block', () => {
    assert.deepEqual(good(`store: { sqlite: a.db }\n${ONE}`).store.config, { path: 'a.db', read_only: false });
    assert.deepEqual(good(`store: { memory: true }\n${ONE}`).store.config, {});
    const block = good(`store: { sqlite: { path: a.db, read_only: true } }\n${ONE}`).store;
    assert.deepEqual([block.type, block.config], ['sqlite', { path: 'a.db', read_only: true }]);
  });
});

describe('pipelines', () => {
  test('a stage takes what it does not say from its pipeline', () => {
    const config = good(`pipelines:
  p:
    every: 30s
    season: [1d]
    budget: { pages: 2 per month }
    stages:
      a: {}
      b: { after: [a], every: 1m, season: [], budget: { pages: 1 per day, tickets: 3 per day } }`);
    const [a, b] = [stage(config, 'p.a'), stage(config, 'p.b')];
    assert.deepEqual([a.every, a.season], [30 * SECOND, [DAY]]);
    assert.ok(Math.abs(a.budget.pagesPerWeek - 2 / (365.25 / 12 / 7)) < 1e-12);
    assert.deepEqual([b.every, b.season, b.budget], [MINUTE, [], { pagesPerWeek: 7, ticketsPerWeek: 21 }]);
    assert.deepEqual(config.plan.graph.order, ['p.a', 'p.b']);
    assert.deepEqual(config.plan.pipelines[0]?.budget, a.budget);
  });

  test('a season nobody wrote is left out where looks are too seldom for it', () => {
    const config = good('pipelines: { p: { every: 12h, stages: { s: {} } } }');
    assert.deepEqual(stage(config, 'p.s').season, [WEEK]);
  });

  test('detectors are switched off, given options, and added', () => {
    const config = good(
      'pipelines: { p: { stages: { s: { detectors: { limits: false, baseline: { window: 2h }, forest: {} } } } } }',
    );
    assert.deepEqual(stage(config, 'p.s').detectors, [
      { type: 'baseline', config: { window: 2 * HOUR, sensitivity: 1 } },
      { type: 'forest', config: { trees: 100 } },
    ]);
  });

  test('derived signals refer to the own stage or to another one of the pipeline', () => {
    const config = good(`pipelines:
  p:
    stages:
      a: {}
      b: { after: [a], derive: { kept_ratio: { ratio: { of: rows, to: a/rows } }, growth: { rate: rows } } }`);
    assert.deepEqual(stage(config, 'p.b').derive, [
      { name: 'kept_ratio', kind: 'ratio', of: { stage: 'p.b', signal: 'rows' }, to: { stage: 'p.a', signal: 'rows' } },
      { name: 'growth', kind: 'rate', of: 'rows' },
    ]);
  });
});

describe('signals', () => {
  test('bounds are read in the unit of the signal', () => {
    const config = signals(`{ lag_seconds: { limits: { above: 1m30s } }, freshness_seconds: { limits: { above: 90 } },
      in_records_per_second: { limits: { below: 60/m } }, error_ratio: { limits: { above: 5% } }, rows: { limits: { below: 1000 } } }`);
    const values = [...stage(config, 'p.s').signals].map(([name, { limits }]) => [name, limits[0]?.value]);
    assert.deepEqual(Object.fromEntries(values), {
      lag_seconds: 90,
      freshness_seconds: 90,
      in_records_per_second: 1,
      error_ratio: 0.05,
      rows: 1000,
    });
  });

  test('one block of limits gives a limit for each rule in it, critical and without patience', () => {
    const { limits } = signals(
      '{ rows: { limits: { above: 9, below: 1, zero: true, absent: true } } }',
    ).plan.pipelines[0]?.stages[0]?.signals.get('rows') ?? { limits: [] };
    assert.deepEqual(
      limits.map(({ rule, value, severity, patience }) => [rule, value, severity, patience]),
      [
        ['above', 9, 'critical', 0],
        ['below', 1, 'critical', 0],
        ['absent', 0, 'critical', 0],
        ['zero', 0, 'critical', 0],
      ],
    );
  });

  test('a list of limits gives each its own severity and patience', () => {
    const config = signals('{ rows: { limits: [{ above: 5, severity: warning, for: 1m }, { above: 9 }] } }');
    assert.deepEqual(
      stage(config, 'p.s')
        .signals.get('rows')
        ?.limits.map(({ value, severity, patience }) => [value, severity, patience]),
      [
        [5, 'warning', MINUTE],
        [9, 'critical', 0],
      ],
    );
  });

  test('the direction is the written one, else the known one, else both', () => {
    const config = signals('{ lag_seconds: {}, rows: { direction: down }, bananas: { detect: false } }');
    const plans = stage(config, 'p.s').signals;
    assert.deepEqual(
      [...plans.values()].map(({ direction, detect }) => [direction, detect]),
      [
        ['up', true],
        ['down', true],
        ['both', false],
      ],
    );
  });

  test('a least change is absolute, relative, or both', () => {
    const config = signals(
      '{ lag_seconds: { minimum_change: 5s }, rows: { minimum_change: 10% }, run_seconds: { minimum_change: { absolute: 1m, relative: 0.2 } } }',
    );
    assert.deepEqual(
      [...stage(config, 'p.s').signals.values()].map(({ minimumChange }) => minimumChange),
      [
        { absolute: 5, relative: 0 },
        { absolute: 0, relative: 0.1 },
        { absolute: 60, relative: 0.2 },
      ],
    );
  });
});

describe('probes', () => {
  const config = good(`sources: { main: { type: queue, host: h, concurrency: 3 } }
pipelines:
  p:
    stages:
      a: { probes: [{ source: main, topic: t, only: [lag_records] }, { type: page, url: http://a/, fields: { rows: /r } }] }
      b: { probes: [{ type: page, url: http://a/, fields: { rows: /s } }, { type: page, url: http://b/, fields: { bytes: /b } }] }`);

  test('a named probe is read by the type of its source, and says its signals', () => {
    const probe = config.probes.get('p.a')?.[0];
    assert.deepEqual([probe?.name, probe?.source, probe?.type], ['main#0', 'main', 'queue']);
    assert.deepEqual(probe?.ask, { topic: 't', only: ['lag_records'] });
    assert.deepEqual(
      probe?.signals.map(({ name }) => name),
      ['lag_records'],
    );
    assert.equal(config.sources.get('main')?.concurrency, 3);
  });

  test('probes written in place share a source where they connect alike', () => {
    assert.deepEqual([...config.sources.keys()], ['main', 'page', 'page-2']);
    assert.deepEqual(
      [...config.probes.values()].flat().map(({ name }) => name),
      ['main#0', 'page#1', 'page#0', 'page-2#1'],
    );
    assert.deepEqual(config.sources.get('page-2')?.config, { url: 'http://b/' });
  });

  test('a source in place never takes the name of another', () => {
    const named = good(`sources: { page: { type: page, url: http://x/ } }
pipelines: { p: { stages: { s: { probes: [{ type: page, url: http://a/, fields: { rows: /r } }] } } } }`);
    assert.deepEqual([...named.sources.keys()], ['page', 'page-2']);
  });
});

describe('policies', () => {
  test('a bare bound is an upper one, and a block says which side', () => {
    const config = good(`actuators: { c: { type: crane, url: http://x/ } }
pipelines: { p: { stages: { a: {}, b: { after: [a] } } } }
policies:
  up: { keep: { stage: p.b, lag_seconds: 2m }, may: [{ actuator: valve, stage: p.a, kind: throttle, floor: 20/s }] }
  down:
    mode: enforce
    keep: { stage: p.b, in_records_per_second: { above: 10/s } }
    may: [{ actuator: c, stage: p.b, kind: scale, max: 4, accept: [lossy] }]
    lease: 1m
    cooldown: 0s
    confirm: 3
    max_renewals: 7`);
    const [up, down] = config.plan.policies;
    assert.deepEqual(up?.keep, { stage: 'p.b', signal: 'lag_seconds', below: 120 });
    assert.deepEqual(up?.may, [{ actuator: 'valve', stage: 'p.a', kind: 'throttle', floor: 20, accept: [] }]);
    assert.deepEqual(
      [up?.mode, up?.lease, up?.cooldown, up?.confirm, up?.maxRenewals],
      ['observe', 2 * MINUTE, 10 * MINUTE, 2, 100],
    );
    assert.deepEqual(down?.keep, { stage: 'p.b', signal: 'in_records_per_second', above: 10 });
    assert.deepEqual(down?.may, [{ actuator: 'c', stage: 'p.b', kind: 'scale', min: 1, max: 4, accept: ['lossy'] }]);
    assert.deepEqual(
      [down?.mode, down?.lease, down?.cooldown, down?.confirm, down?.maxRenewals],
      ['enforce', MINUTE, 0, 3, 7],
    );
  });
});

describe('routes, calendars and maintenance', () => {
  test('a route keeps its filters and a severity becomes a list', () => {
    const config = good(`notifiers: { n: { type: bell, url: http://x/ } }
routes: [{ to: [n] }, { severity: critical, pipeline: p, stage: p.s, to: [n] }, { severity: [warning, info], to: [n] }]
${ONE}`);
    assert.deepEqual(config.routes, [
      { severities: [], pipeline: undefined, stage: undefined, to: ['n'] },
      { severities: ['critical'], pipeline: 'p', stage: 'p.s', to: ['n'] },
      { severities: ['warning', 'info'], pipeline: undefined, stage: undefined, to: ['n'] },
    ]);
  });

  test('holidays are UTC midnights in order, and reach the plan', () => {
    const config = good(`calendars: { holidays: [2026-12-26, 2026-12-25, 2026-12-26] }\n${ONE}`);
    assert.deepEqual(config.plan.holidays, [Date.UTC(2026, 11, 25), Date.UTC(2026, 11, 26)]);
    assert.deepEqual(config.calendars.holidays, config.plan.holidays);
  });

  test('a maintenance window takes the time zone of the calendar, and a name', () => {
    const config = good(`calendars: { timezone: Asia/Tokyo }
maintenance: [{ cron: "*/15 2-4 1,15 * 1-5", duration: 2h, stages: [p.s] }, { name: x, timezone: UTC, cron: "0 2 * * 7", duration: 1h, pipelines: [p] }]
${ONE}`);
    assert.deepEqual(config.maintenance, [
      {
        name: 'window-1',
        cron: '*/15 2-4 1,15 * 1-5',
        timezone: 'Asia/Tokyo',
        duration: 2 * HOUR,
        pipelines: [],
        stages: ['p.s'],
      },
      { name: 'x', cron: '0 2 * * 7', timezone: 'UTC', duration: HOUR, pipelines: ['p'], stages: [] },
    ]);
  });
});

describe('templates', () => {
  test('a stage with {each} in its name is made once for each value, everywhere in its text', () => {
    const config = good(`pipelines:
  p:
    for_each: { values: [x, y] }
    stages:
      in-{each}: { probes: [{ type: page, url: 'http://h/{each}', fields: { rows: "/{each}" } }] }
      out-{each}: { after: ["in-{each}"] }
      all: { after: ["out-{each}"] }
policies: { k: { keep: { stage: p.out-y, rows: 5 }, may: [{ actuator: valve, stage: p.in-y, kind: pause }] } }`);
    assert.deepEqual(config.plan.graph.order, ['p.in-x', 'p.in-y', 'p.out-x', 'p.out-y', 'p.all']);
    assert.deepEqual(stage(config, 'p.out-y').after, ['p.in-y']);
    assert.deepEqual(stage(config, 'p.all').after, ['p.out-x', 'p.out-y']);
    assert.deepEqual(config.probes.get('p.in-y')?.[0]?.ask, { fields: { rows: '/y' } });
    assert.deepEqual(config.sources.get('page-2')?.config, { url: 'http://h/y' });
  });
});

describe('templates over what is discovered', () => {
  const TEXT = `sources: { main: { type: queue, host: h } }
pipelines:
  p:
    for_each: { topics: 'orders*', every: 30s, cap: 7 }
    stages:
      in-{each}: { probes: [{ source: main, topic: '{each}' }] }
      out-{each}: { after: ['in-{each}'], probes: [{ source: main, topic: 'done.{each}' }] }
      all: { after: ['out-{each}'] }`;
  const unfoldedWith = (...topics: string[]) => good(TEXT, {}, fixtures, new Map([['p', topics]]));

  test('what is asked, of whom and how often', () => {
    const discovery = { pipeline: 'p', kind: 'topics', pattern: 'orders*', source: 'main', every: 30_000, cap: 7 };
    assert.deepEqual(good(TEXT).discoveries, [{ ...discovery, leftOut: [] }]);
  });

  test('before anything was asked one stage stands in for all, so that the template is checked', () => {
    assert.deepEqual(good(TEXT).plan.graph.order, ['p.in-each', 'p.out-each', 'p.all']);
  });

  test('nothing found is no mistake', () => {
    assert.deepEqual(unfoldedWith().plan.graph.order, ['p.all']);
    const alone = TEXT.replace(/ {6}all.*/, '');
    assert.deepEqual(good(alone, {}, fixtures, new Map()).plan.graph.order, []);
  });

  test('a topic keeps its name in what is asked; in names of stages other characters become -', () => {
    const config = unfoldedWith('orders', 'orders.eu');
    assert.deepEqual(config.plan.graph.order, [
      'p.in-orders',
      'p.in-orders-eu',
      'p.out-orders',
      'p.out-orders-eu',
      'p.all',
    ]);
    const [probe] = config.probes.get('p.out-orders-eu') ?? [];
    assert.equal((probe?.ask as { topic: string } | undefined)?.topic, 'done.orders.eu');
    assert.deepEqual(stage(config, 'p.out-orders-eu').after, ['p.in-orders-eu']);
    assert.deepEqual(stage(config, 'p.all').after, ['p.out-orders', 'p.out-orders-eu']);
  });

  test('what makes no stage is left out and said, and the others are watched', () => {
    const long = 'orders'.padEnd(80, 'x');
    const config = unfoldedWith('orders-eu', 'orders.eu', long);
    assert.deepEqual(config.plan.graph.order, ['p.in-orders-eu', 'p.out-orders-eu', 'p.all']);
    assert.deepEqual(config.discoveries[0]?.leftOut, [
      '"orders.eu" would make a second stage named in-orders-eu, as "orders-eu" does',
      `"${long}" would make a stage named "in-${long}", which is no name`,
    ]);
  });
});

describe('where a new stage takes its past from', () => {
  const config = good(`sources: { web: { type: page, url: "http://h/" }, main: { type: queue, host: h } }
pipelines:
  p:
    seed: { from: 3d, history_file: past.csv }
    stages:
      own: { probes: [{ source: web, fields: { rows: /n } }, { source: main, topic: t }], seed: {} }
      other: { probes: [{ source: main, topic: t }], seed: { from: 1d, store: true, probes: [{ source: web, fields: { lag_records: /n } }] } }
      plain: { probes: [{ source: main, topic: t }] }`);
  const seed = (id: StageId) => {
    const { probes, ...rest } = config.seeds.get(id) ?? assert.fail(id);
    return { ...rest, probes: probes.map(({ source, ask }) => [source, ask]) };
  };

  test('its own probes that know it, or those it names for that', () => {
    const own = [['web', { fields: { rows: '/n' } }]];
    assert.deepEqual(seed('p.own'), { from: 14 * DAY, historyFile: undefined, store: false, probes: own });
    const named = [['web', { fields: { lag_records: '/n' } }]];
    assert.deepEqual(seed('p.other'), { from: DAY, historyFile: undefined, store: true, probes: named });
    assert.deepEqual(config.probes.get('p.other')?.length, 1, 'and is not looked at by them');
  });

  test('that of its pipeline where it says nothing; the path starts at the folder of the config', () => {
    const { historyFile, ...rest } = seed('p.plain');
    assert.deepEqual(rest, { from: 3 * DAY, store: false, probes: [] });
    assert.match(historyFile ?? '', /^\/.*past\.csv$/);
  });

  test('it may be changed without anything being forgotten', () => {
    const without = good('pipelines: { p: { stages: { s: {} } } }');
    const withSeed = good('pipelines: { p: { stages: { s: { seed: { store: true } } } } }');
    assert.equal(stage(without, 'p.s').fingerprint, stage(withSeed, 'p.s').fingerprint);
  });
});

describe('YAML', () => {
  test('anchors and merge keys work, and problems in what was merged are told where it was written', () => {
    const config = good(`pipelines:
  p:
    stages:
      a: &base { every: 1m, season: [] }
      b: { <<: *base, after: [a], every: 2m }`);
    assert.deepEqual([stage(config, 'p.b').every, stage(config, 'p.b').season], [2 * MINUTE, []]);
  });
});

describe('warnings do not stop a config', () => {
  test('a gate that does not feed what the policy keeps', () => {
    assert.deepEqual(
      warningsOf(`pipelines: { p: { stages: { a: {}, b: { after: [a] } } } }
policies: { k: { keep: { stage: p.a, rows: 5 }, may: [{ actuator: valve, stage: p.b, kind: pause }] } }`),
      [
        'hg.yaml:2:74 policies.k.may[0].stage: p.b does not feed p.a, so to pause it may not help what the policy keeps',
      ],
    );
  });

  test('a signal one slip away from one that is given', () => {
    assert.deepEqual(
      warningsOf(`sources: { main: { type: queue, host: h } }
pipelines: { p: { stages: { s: { probes: [{ source: main, topic: t }], signals: { lag_secnods: { limits: { above: 5 } }, bananas: {} } } } } }`),
      ['hg.yaml:2:83 pipelines.p.stages.s.signals.lag_secnods: no probe gives this signal (did you mean lag_seconds?)'],
    );
  });

  test('a source and a notifier that nobody uses', () => {
    assert.deepEqual(
      warningsOf(
        `sources: { main: { type: queue, host: h } }\nnotifiers: { n: { type: bell, url: http://x/ } }\n${ONE}`,
      ),
      [
        'hg.yaml:1:12 sources.main: no probe reads from this source',
        'hg.yaml:2:14 notifiers.n: no route leads to this notifier; it is never told',
      ],
    );
  });

  test('a lease shorter than three looks', () => {
    assert.deepEqual(
      warningsOf(`pipelines: { p: { every: 1m, stages: { s: {} } } }
policies: { k: { lease: 2m, keep: { stage: p.s, rows: 5 }, may: [{ actuator: valve, stage: p.s, kind: pause }] } }`),
      [
        'hg.yaml:2:18 policies.k.lease: is shorter than three looks at the stage it keeps; it may expire between two renewals',
      ],
    );
  });
});

describe('excluded ranges', () => {
  const config = good(`
pipelines:
  p:
    exclude: [{ from: 2026-11-28, to: 2026-11-29, why: sale }]
    stages:
      s:
        exclude: [{ from: 2026-11-27T09:00:00+01:00, to: 2026-11-27T12:00:00+01:00, why: load test }]
        signals: { rows: { exclude: [{ from: 2026-11-20, to: 2026-11-21, why: replay }, { from: 2026-11-01, to: 2026-11-02, why: import }] } }
      t: {}
`);
  const range = (from: string, to: string, why: string) => ({ from: Date.parse(from), to: Date.parse(to), why });

  test('of a pipeline hold for each stage and for the pipeline as a whole; own ones come after them', () => {
    const sale = range('2026-11-28T00:00:00Z', '2026-11-29T00:00:00Z', 'sale');
    assert.deepEqual(config.plan.pipelines[0]?.excluded, [sale]);
    assert.deepEqual(stage(config, 'p.t').excluded, [sale]);
    assert.deepEqual(stage(config, 'p.s').excluded, [
      sale,
      range('2026-11-27T08:00:00Z', '2026-11-27T11:00:00Z', 'load test'),
    ]);
  });

  test('of a signal stand at the signal, oldest first', () => {
    assert.deepEqual(
      stage(config, 'p.s')
        .signals.get('rows')
        ?.excluded?.map(({ why }) => why),
      ['import', 'replay'],
    );
  });

  test('are no reason to forget what was learned', () => {
    const plain = good('pipelines: { p: { stages: { s: {}, t: {} } } }');
    assert.equal(stage(config, 'p.s').fingerprint, stage(plain, 'p.s').fingerprint);
  });

  test('of a signal that nobody gives, and of one of which nothing is learned, are warned of', () => {
    const exclude = 'exclude: [{ from: 2026-11-20, to: 2026-11-21, why: replay }]';
    assert.deepEqual(
      warningsOf(`pipelines: { p: { stages: { s: { signals: { lag_secnds: { ${exclude} } } } } } }\n`).map((one) =>
        one.replace(/^\S+ /, ''),
      ),
      ['pipelines.p.stages.s.signals.lag_secnds: no probe gives this signal (did you mean lag_seconds?)'],
    );
    assert.match(
      warningsOf(`pipelines: { p: { stages: { s: { signals: { rows: { detect: false, ${exclude} } } } } } }\n`)[0] ??
        '',
      /nothing is learned of this signal \(detect: false\); the ranges change nothing/,
    );
  });
});

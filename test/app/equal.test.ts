import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { PassThrough } from 'node:stream';
import { text } from 'node:stream/consumers';
import { after, before, test } from 'node:test';
import { valve } from '../../src/actuators/valve/index.ts';
import { readConfigFile } from '../../src/app/config-file.ts';
import { Daemon } from '../../src/app/daemon.ts';
import { engineForConfig, openStore } from '../../src/app/offline.ts';
import type { World } from '../../src/app/world.ts';
import { detectorsFrom } from '../../src/app/world.ts';
import * as backtest from '../../src/cli/backtest.ts';
import type { Config } from '../../src/config/config.ts';
import { EVERYWHERE } from '../../src/config/stages.ts';
import { HeadgateError } from '../../src/domain/error.ts';
import type { Score } from '../../src/domain/score.ts';
import { emptySnapshot, type Snapshot } from '../../src/domain/snapshot.ts';
import { PIPELINE_PSEUDO_STAGE, type StageId, stageId } from '../../src/domain/stage.ts';
import type { Subject } from '../../src/domain/subject.ts';
import { DAY, HOUR, SECOND } from '../../src/domain/time.ts';
import { recordOf } from '../../src/engine/record.ts';
import { replay } from '../../src/engine/replay.ts';
import { createValves } from '../../src/engine/valves.ts';
import { registry } from '../../src/registry.ts';
import { seededRandom } from '../../src/stats/random.ts';
import { createTraced } from '../../src/telemetry/tracing.ts';
import { eventsOf } from '../support/events.ts';
import { fakeClock } from '../support/fake-clock.ts';

const EVERY = 60 * SECOND;
const START = Date.UTC(2026, 0, 5);
/** Its signals come of those of the stages; nobody records them. */
const PIPELINE = stageId('orders', PIPELINE_PSEUDO_STAGE);
const CONFIG = `
pipelines:
  orders:
    every: 1m
    season: [6h]
    stages:
      ingest: {}
      enrich:
        after: [ingest]
        derive: { kept_ratio: { ratio: { of: in_records_per_second, to: ingest/out_records_per_second } } }
        detectors: { isolation-forest: { warmup: 256, trees: 50, retrain_every: 4h } }
      store: { after: [enrich], every: 2m, signals: { freshness_seconds: { limits: { above: 15m } } } }
      search:
        after: [enrich]
        exclude: [{ from: 2026-01-05T19:00:00Z, to: 2026-01-05T20:30:00Z, why: load test }]
        signals: { latency_p99_seconds: { exclude: [{ from: 2026-01-05T22:00:00+01:00, to: 2026-01-05T23:00:00+01:00, why: deploy }] } }
        detectors: { isolation-forest: { warmup: 128, trees: 20, sample: 64, retrain_every: 2h } }
policies:
  keep-enrich:
    mode: enforce
    keep: { stage: orders.enrich, lag_seconds: 1m }
    may: [{ actuator: valve, stage: orders.ingest, kind: throttle, floor: 5/s }]
    lease: 5m
    cooldown: 10m
`;

const STAGES = ['orders.ingest', 'orders.enrich', 'orders.store', 'orders.search'] as const;
const minuteOf = (at: number): number => Math.round((at - START) / EVERY);

/** Minutes in which a stage gives no answer: one while a gate is held, one in quiet times; the second takes the whole branch along. */
const isSilent = (stage: StageId, at: number): boolean => {
  const minute = minuteOf(at);
  if (stage === 'orders.enrich') return (minute >= 640 && minute < 643) || (minute >= 1_000 && minute < 1_020);
  return stage === 'orders.search' && minute >= 1_000 && minute < 1_010;
};

/**
 * A pipeline that parts: noise, an hour in which the second stage falls behind and what is below it grows old, and one in which the
 * second has no lag to show.
 */
function valuesAt(stage: StageId, at: number): Record<string, number> {
  const minute = minuteOf(at);
  const random = seededRandom(minute * 8 + STAGES.indexOf(stage as (typeof STAGES)[number]));
  const slow = minute >= 600 && minute < 660;
  const into = 100 + 10 * random();
  if (stage === 'orders.ingest') return { in_records_per_second: into, out_records_per_second: into };
  if (stage === 'orders.store')
    return { freshness_seconds: 30 + 10 * random() + (slow ? 20 * (minute - 599) : 0), rows: into };
  if (stage === 'orders.search')
    // Ten times slower in the load test, and for a while in the deploy: nobody is to hear of it.
    return {
      rows: slow ? 40 : into,
      latency_p99_seconds: (isTested(minute) ? 10 : 1) * (0.2 + 0.05 * random()),
      error_ratio: 0.01 * random(),
    };
  const draining = minute >= 660 && minute < 680 ? Math.max(1, 1200 - 60 * (minute - 659)) : 0;
  const lag = slow ? 20 * (minute - 599) : draining + 1 + random();
  const flow = { in_records_per_second: into, out_records_per_second: slow ? 40 : 110 };
  return minute >= 900 && minute < 960 ? flow : { lag_seconds: lag, lag_records: 100 * lag, ...flow };
}

const isTested = (minute: number): boolean =>
  (minute > 19 * 60 && minute < 20.5 * 60) || (minute > 21.25 * 60 && minute < 21.5 * 60);

interface Told {
  /** What was seen, in order. */
  readonly seen: Snapshot[];
  readonly scores: string[];
  readonly decisions: string[];
  readonly verdicts: string[];
}

const folder = mkdtempSync(join(tmpdir(), 'headgate-equal-'));
const configFile = join(folder, 'headgate.yaml');
writeFileSync(configFile, CONFIG);
const { config } = readConfigFile(configFile, {});
let live: Told;
before(async () => {
  live = await liveDay(config);
});
after(() => rmSync(folder, { recursive: true, force: true }));

/** The day as the daemon lives it: its own schedule, outbox, gates and store, on a clock that is moved by hand. */
async function liveDay({ plan }: Config, turns: readonly Turn[] = []): Promise<Told> {
  const told: Told = { seen: [], scores: [], decisions: [], verdicts: [] };
  const clock = fakeClock(START);
  const probe = (stage: StageId) => ({
    name: `table#${stage}`,
    source: 'table',
    signals: Object.keys(valuesAt(stage, START)),
    read: async () => {
      if (isSilent(stage, clock.now())) throw new HeadgateError('timeout', 'no answer within 5 s');
      return { values: new Map(Object.entries(valuesAt(stage, clock.now()))) };
    },
  });
  const valves = createValves(clock);
  const random = seededRandom(1);
  const world: World = {
    plan,
    routes: [],
    probes: new Map(STAGES.map((id) => [id, [probe(id)]])),
    actuators: new Map([['valve', valve.create({}, { clock, random, valves })]]),
    notifiers: new Map(),
    reversibility: new Map([['valve', 'native-lease']]),
    detectors: detectorsFrom(registry, plan.holidays),
    inMaintenance: () => false,
  };
  const events = eventsOf({
    judged({ snapshot, scores, verdict, previous }) {
      const step = { snapshot, scores, verdict, previous, accepted: [], standings: [], frozen: false };
      const lines = recordOf({ steps: [step], incidents: [], decisions: [], leases: [], work: [], accepted: [] }, 0);
      told.verdicts.push(...lines.filter(({ kind }) => kind === 'verdict').map((line) => JSON.stringify(line)));
      if (snapshot.stage !== PIPELINE) told.seen.push(snapshot);
      for (const score of scores) told.scores.push(JSON.stringify({ kind: 'score', at: verdict.at, score }));
    },
    decided: ({ decision }) => told.decisions.push(JSON.stringify({ kind: 'decision', decision })),
    failed: ({ what, error }) => assert.fail(`${what}: ${error.message}`),
  });
  const store = await openStore('memory', {});
  const start = () => Daemon.start({ world, store, clock, random, events, traced: createTraced() });
  const stop = async (one: Daemon): Promise<void> => {
    const done = one.close(AbortSignal.timeout(60_000));
    await clock.advance(SECOND);
    await done;
  };
  let daemon = await start();
  for (const { at, accept } of turns) {
    await clock.advance(at - clock.now());
    if (accept) assert.ok(daemon.engine.accept(accept, clock.now()));
    else {
      await stop(daemon);
      daemon = await start();
    }
  }
  await clock.advance(START + DAY - clock.now());
  await stop(daemon);
  return told;
}

/** What happens to the daemon in the middle of the day: a person accepts a subject, or it is stopped and started again. */
interface Turn {
  readonly at: number;
  readonly accept?: Subject;
}

test('the recorded day holds what it is meant to: thousands of scores, and a gate that was held and let go', () => {
  assert.ok(live.scores.length > 10_000, `${live.scores.length} scores`);
  const acting = live.decisions.filter((line) => /"kind":"(engage|release|adjust|renew)"/.test(line));
  assert.ok(acting.length >= 3, acting.join('\n'));
  assert.match(acting[0] ?? '', /"kind":"engage"/);
  assert.match(acting.at(-1) ?? '', /"kind":"release"/);
  const forest = live.scores.filter((line) => line.includes('"subject":"orders.enrich/*"'));
  assert.ok(
    forest.filter((line) => line.includes('"state":"ready"')).length > 500,
    'a forest was grown and has spoken',
  );
  for (const type of EVERYWHERE)
    assert.ok(
      live.scores.some((line) => line.includes(`"detector":"${type}"`)),
      `${type} runs everywhere and has said something`,
    );
  const silent = live.seen.filter(({ gaps }) => gaps.length > 0);
  assert.deepEqual(
    STAGES.map((id) => silent.filter(({ stage }) => stage === id).length),
    [0, 23, 0, 10],
  );
  const held = live.seen.filter((snapshot) => snapshot.held.length > 0);
  assert.ok(
    silent.some((snapshot) => held.includes(snapshot)),
    'a stage was silent while a gate was held',
  );
  assert.ok(new Set(held.map(({ stage }) => stage)).size === STAGES.length, 'a lease is felt on every path');
  assert.ok(
    live.seen.some(({ at }) => !Number.isInteger(at)),
    'times are not round, as those of a monotonic clock',
  );
});

test('what is excluded is in the verdicts with its reason, and opens nothing; when it is over it is judged again', () => {
  const search = live.verdicts.filter((line) => line.includes('"stage":"orders.search"'));
  for (const why of ['load test', 'deploy'])
    assert.equal(search.filter((line) => line.includes(`"why":"${why}"`)).length, 1, search.join('\n'));
  const tested = live.scores
    .map((line) => JSON.parse(line) as { at: number; score: Score })
    .filter(({ at, score }) => score.subject === 'orders.search/latency_p99_seconds' && isTested(minuteOf(at)));
  assert.ok(tested.length > 90 && tested.every(({ score }) => score.state === 'ready'));
  const loud = tested.filter(({ score }) => score.value >= 1);
  assert.ok(loud.length > tested.length / 2, `${loud.length} of ${tested.length} would have paged`);
  const after = search.filter((line) => (JSON.parse(line) as { at: number }).at > START + 19 * HOUR);
  assert.ok(
    after.every((line) => line.includes('"state":"ok"')),
    after.join('\n'),
  );
});

test('one recorded day through the daemon and through a replay gives the same bytes of scores and decisions', () => {
  const engine = engineForConfig(config);
  const lines = live.seen.flatMap(({ stage, at, gaps }) => {
    const values = new Map(isSilent(stage, at) ? [] : Object.entries(valuesAt(stage, at)));
    const bare = { ...emptySnapshot(stage, at), values, gaps };
    return replay(engine, [bare], at).flatMap((outcome) => recordOf(outcome, at));
  });
  const said = (kind: string) => lines.filter((line) => line.kind === kind).map((line) => JSON.stringify(line));
  assertSame(said('score'), live.scores);
  assertSame(said('decision'), live.decisions);
  assertSame(said('verdict'), live.verdicts);
});

test('a day with a restart in quiet times and an `accept` in trouble gives the bytes of a replay that knew no restart', async () => {
  const acceptedAt = START + 630.5 * EVERY;
  const turns: readonly Turn[] = [
    { at: START + 300.5 * EVERY },
    { at: acceptedAt, accept: 'orders.enrich/lag_seconds' },
    { at: START + 1_100.5 * EVERY },
  ];
  const told = await liveDay(config, turns);
  const engine = engineForConfig(config);
  let accepted = false;
  const lines = told.seen.flatMap(({ stage, at, gaps }) => {
    if (at > acceptedAt && !accepted) accepted = engine.accept('orders.enrich/lag_seconds', acceptedAt);
    const values = new Map(isSilent(stage, at) ? [] : Object.entries(valuesAt(stage, at)));
    return replay(engine, [{ ...emptySnapshot(stage, at), values, gaps }], at).flatMap((one) => recordOf(one, at));
  });
  const said = (kind: string) => lines.filter((line) => line.kind === kind).map((line) => JSON.stringify(line));
  assertSame(said('score'), told.scores);
  assertSame(said('decision'), told.decisions);
  const held = told.scores.filter((line) =>
    line.includes('"subject":"orders.enrich/lag_seconds","detector":"baseline"'),
  );
  assert.notDeepEqual(
    held,
    live.scores.filter((line) => line.includes('"subject":"orders.enrich/lag_seconds","detector":"baseline"')),
  );
});

test('the same day as a CSV through `headgate backtest` gives the same bytes as the daemon gave', async () => {
  // In the order in which each stage shows them: scores come in the order of the values.
  const columns = [
    'lag_seconds',
    'lag_records',
    'in_records_per_second',
    'out_records_per_second',
    'freshness_seconds',
    'rows',
    'latency_p99_seconds',
    'error_ratio',
  ];
  assert.deepEqual(new Set(columns), new Set(STAGES.flatMap((id) => Object.keys(valuesAt(id, START)))));
  const rows = live.seen.map(({ stage, at }) => {
    const values = isSilent(stage, at) ? {} : valuesAt(stage, at);
    return [at, stage, ...columns.map((name) => values[name] ?? '')].join(',');
  });
  const [input, output] = [join(folder, 'day.csv'), join(folder, 'day.ndjson')];
  writeFileSync(input, `time,stage,${columns.join(',')}\n${rows.join('\n')}\n`);
  const stdout = new PassThrough();
  const io = { stdin: new PassThrough(), stdout, stderr: new PassThrough(), env: {}, cwd: folder };
  const code = await backtest.run(['--config', configFile, '--input', input, '--output', output], io);
  stdout.end();
  assert.equal(code, 0);
  const lines = readFileSync(output, 'utf8').trimEnd().split('\n');
  const said = (kind: string) => lines.filter((line) => line.startsWith(`{"kind":"${kind}"`));
  assertSame(said('score'), live.scores);
  assertSame(said('decision'), live.decisions);
  assertSame(said('verdict'), live.verdicts);
  const summary = await text(stdout);
  assert.match(summary, /critical orders\.enrich {2}slow/);
});

/** Equal byte for byte; the message shows the first line that is not, since all of them would be megabytes. */
function assertSame(actual: readonly string[], expected: readonly string[]): void {
  const at = actual.findIndex((line, index) => line !== expected[index]);
  assert.equal(at < 0 ? undefined : actual[at], at < 0 ? undefined : expected[at], `line ${at}`);
  assert.equal(actual.length, expected.length);
}

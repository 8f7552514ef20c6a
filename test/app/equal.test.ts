import assert from 'node:assert/strict';
import { test } from 'node:test';
import { valve } from '../../src/actuators/valve/index.ts';
import { Daemon, type World } from '../../src/app/daemon.ts';
import { openStore } from '../../src/app/offline.ts';
import { detectorsFrom } from '../../src/app/world.ts';
import type { Decision } from '../../src/domain/decision.ts';
import type { Score } from '../../src/domain/score.ts';
import type { StageId } from '../../src/domain/stage.ts';
import { DAY, SECOND } from '../../src/domain/time.ts';
import { Engine } from '../../src/engine/engine.ts';
import { replay } from '../../src/engine/replay.ts';
import { phaseOf } from '../../src/engine/schedule.ts';
import { createValves } from '../../src/engine/valves.ts';
import { registry } from '../../src/registry.ts';
import { seededRandom } from '../../src/stats/random.ts';
import { createTraced } from '../../src/telemetry/tracing.ts';
import { eventsOf } from '../support/events.ts';
import { fakeClock } from '../support/fake-clock.ts';
import { planOf, policyPlan, snapshot, stagePlan } from '../support/plans.ts';

const EVERY = 60 * SECOND;
const START = Date.UTC(2026, 0, 5);

/** A recorded day of two stages: noise, and an hour in which the second falls behind. */
function day(stage: StageId, at: number): Record<string, number> {
  const minute = Math.round((at - START) / EVERY);
  const random = seededRandom(minute * 2 + (stage === 'orders.ingest' ? 1 : 0));
  const slow = minute >= 600 && minute < 660;
  const into = 100 + 10 * random();
  if (stage === 'orders.ingest') return { in_records_per_second: into, out_records_per_second: into };
  const lag = slow
    ? 20 * (minute - 599)
    : Math.max(1, 1200 - 60 * Math.max(0, minute - 659)) * (minute >= 660 && minute < 680 ? 1 : 0) + 1 + random();
  return {
    lag_seconds: lag,
    lag_records: 100 * lag,
    in_records_per_second: into,
    out_records_per_second: slow ? 40 : 110,
  };
}

const stages = [
  stagePlan('orders.ingest', { every: EVERY }),
  stagePlan('orders.enrich', { every: EVERY, after: ['orders.ingest'] }),
];
const plan = planOf(stages, [policyPlan({ lease: 5 * EVERY, cooldown: 10 * EVERY })]);
const reversibility = new Map([['valve', 'native-lease' as const]]);

interface Told {
  scores: Map<string, string>;
  decisions: string[];
}
const tell = (told: Told, at: number, scores: readonly Score[]) => {
  for (const score of scores) told.scores.set(`${at} ${score.subject} ${score.detector}`, JSON.stringify(score));
};

async function liveDay(): Promise<Told> {
  const told: Told = { scores: new Map(), decisions: [] };
  const clock = fakeClock(START);
  const probe = (stage: StageId) => ({
    name: `table#${stage}`,
    source: 'table',
    signals: Object.keys(day(stage, START)),
    read: async () => ({ values: new Map(Object.entries(day(stage, clock.now()))) }),
  });
  const valves = createValves(clock);
  const random = seededRandom(1);
  const world: World = {
    plan,
    routes: [],
    probes: new Map(stages.map((stage) => [stage.id, [probe(stage.id)]])),
    actuators: new Map([['valve', valve.create({}, { clock, random, valves })]]),
    notifiers: new Map(),
    reversibility,
    detectors: detectorsFrom(registry, []),
    inMaintenance: () => false,
  };
  const store = await openStore('memory', {});
  const events = eventsOf({
    judged: ({ snapshot: seen, scores }) => tell(told, seen.at, scores),
    decided: ({ decision }: { decision: Decision }) => told.decisions.push(JSON.stringify(decision)),
    failed: ({ what, error }) => assert.fail(`${what}: ${error.message}`),
  });
  const daemon = await Daemon.start({ world, store, clock, random, events, traced: createTraced() });
  await clock.advance(DAY);
  const done = daemon.close(AbortSignal.timeout(5_000));
  await clock.advance(SECOND);
  await done;
  return told;
}

function replayedDay(): Told {
  const told: Told = { scores: new Map(), decisions: [] };
  const engine = new Engine({
    plan,
    detectors: detectorsFrom(registry, []),
    reversibility,
    inMaintenance: () => false,
    sequence: 0,
  });
  const ticks = stages
    .flatMap(({ id }) =>
      Array.from({ length: DAY / EVERY + 1 }, (_, k) => ({ id, at: START + phaseOf(id) * EVERY + k * EVERY })),
    )
    .filter((tick) => tick.at <= START + DAY)
    .sort((a, b) => a.at - b.at);
  for (const { id, at } of ticks)
    for (const outcome of replay(engine, [snapshot(id, at, day(id, at))], at)) {
      for (const step of outcome.steps) tell(told, step.snapshot.at, step.scores);
      told.decisions.push(...outcome.decisions.map((decision) => JSON.stringify(decision)));
    }
  return told;
}

test('one recorded day through the daemon and through a replay gives the same bytes of scores and decisions', async () => {
  const [live, replayed] = [await liveDay(), replayedDay()];
  assert.ok(live.scores.size > 5_000, `${live.scores.size} scores`);
  assert.equal(live.scores.size, replayed.scores.size);
  for (const [key, score] of live.scores) assert.equal(score, replayed.scores.get(key));
  const acting = live.decisions.filter((line) => /"kind":"(engage|release|adjust|renew)"/.test(line));
  assert.ok(acting.length >= 3, acting.join('\n'));
  assert.deepEqual(live.decisions, replayed.decisions);
});

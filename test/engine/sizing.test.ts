import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { detectorsFrom } from '../../src/app/world.ts';
import type { OptionPlan } from '../../src/domain/plan.ts';
import { DAY, HOUR, MINUTE, SECOND } from '../../src/domain/time.ts';
import { Engine } from '../../src/engine/engine.ts';
import { NO_ESTIMATE } from '../../src/engine/estimate.ts';
import { replay } from '../../src/engine/replay.ts';
import { scaleFor } from '../../src/engine/request.ts';
import { registry } from '../../src/registry.ts';
import { seededRandom } from '../../src/stats/random.ts';
import { planOf, policyPlan, snapshot, stagePlan } from '../support/plans.ts';

const START = Date.UTC(2026, 0, 5);
const EVERY = 10 * SECOND;
/** What one worker gets done in a second. */
const EACH = 50;
const MOST = 20;
const detectorsOf = (types: readonly string[]) =>
  types.map((type) => ({ type, config: registry.detectors.find((one) => one.type === type)?.config.parse({}) }));

interface Settings {
  readonly looksAhead: boolean;
  /** How long a new worker takes until it works. */
  readonly startup: number;
  readonly maxRenewals?: number;
  /** Whether more workers get more done. */
  readonly helps?: boolean;
  /** What one worker gets done in a second at a time of the day. */
  readonly each?: (at: number) => number;
}

interface Run {
  /** Replicas asked for, in the order of the requests. */
  readonly asked: readonly number[];
  /** Seconds a record waits, summed over the samples. */
  readonly waited: number;
  readonly longest: number;
  /** How each lease ended. */
  readonly ends: readonly string[];
}

/** A stage of three workers under a policy that scales it, in a closed loop; `arriving` records a second at a time of the day. */
function live(arriving: (at: number) => number, length: number, settings: Settings): Run {
  const { looksAhead, startup, maxRenewals = 1_000, helps = true, each = () => EACH } = settings;
  const option = {
    actuator: 'workers',
    stage: 'p.in' as const,
    kind: 'scale' as const,
    min: 3,
    max: MOST,
    accept: [],
    startup,
  };
  const policy = policyPlan({
    keep: { stage: 'p.in', signal: 'lag_seconds', below: 30 },
    may: [option],
    lease: 4 * MINUTE,
    maxRenewals,
  });
  const engine = new Engine({
    plan: planOf(
      [
        stagePlan('p.in', {
          every: EVERY,
          season: [DAY],
          detectors: detectorsOf(looksAhead ? ['limits', 'forecast'] : ['limits']),
        }),
      ],
      [policy],
    ),
    detectors: detectorsFrom(registry, []),
    reversibility: new Map([['workers', 'exact-inverse']]),
    inMaintenance: () => false,
    sequence: 0,
  });
  const asked: number[] = [];
  const ends: string[] = [];
  let [backlog, workers, waited, longest] = [0, 3, 0, 0];
  let coming: { readonly at: number; readonly workers: number } | undefined;
  for (let at = START; at < START + length; at += EVERY) {
    if (coming && at >= coming.at) [workers, coming] = [coming.workers, undefined];
    const into = arriving(at) * (0.97 + 0.06 * seededRandom(at / EVERY)());
    const out = Math.min((helps ? workers : 3) * each(at), into + backlog / 10);
    backlog = Math.max(0, backlog + (into - out) * 10);
    const lag = backlog / Math.max(1, out);
    waited += lag;
    longest = Math.max(longest, lag);
    const values = {
      lag_seconds: lag,
      lag_records: backlog,
      in_records_per_second: into,
      out_records_per_second: out,
      workers_ready: workers,
      workers_desired: coming?.workers ?? workers,
    };
    for (const { decisions } of replay(engine, [snapshot('p.in', at, values)], at)) {
      for (const { kind, request, reason, because } of decisions) {
        if (kind === 'release') ends.push(`${reason}: ${because}`);
        if ((kind === 'engage' || kind === 'adjust') && request?.kind === 'scale') {
          asked.push(request.replicas);
          coming = { at: at + startup, workers: request.replicas };
        }
        // A lease that is over puts back the three that stood there, at once.
        if (kind === 'release') [workers, coming] = [3, undefined];
      }
    }
  }
  return { asked, waited, longest, ends };
}

describe('the size of a stage that is scaled', () => {
  /** The morning of a day: from 100 a second to 700 within so many minutes. */
  const morning = (minutes: number) => (at: number) =>
    100 + 600 * Math.max(0, Math.min(1, (at - START - 2 * HOUR) / (minutes * MINUTE)));

  test('is ahead of a daily ramp, and grows with it: less waits than with what arrived at its beginning', () => {
    for (const ramp of [30, 45, 60])
      for (const startup of [2 * MINUTE, 5 * MINUTE, 8 * MINUTE]) {
        const [now, ahead] = [false, true].map((looksAhead) =>
          live(morning(ramp), 5 * HOUR, { looksAhead, startup }),
        ) as [Run, Run];
        const said = `${ramp} min, ${startup / MINUTE} min: ${JSON.stringify([now, ahead])}`;
        assert.ok((ahead.asked[0] as number) >= (now.asked[0] as number), said);
        assert.ok((ahead.asked.at(-1) as number) >= 14, said);
        const top = ahead.asked.indexOf(Math.max(...ahead.asked));
        assert.ok(
          ahead.asked.every((one, i) => (i <= top ? one > (ahead.asked[i - 1] ?? 3) : one < (ahead.asked[i - 1] ?? 0))),
          `grows to its top, and those too many leave: ${said}`,
        );
        assert.ok(ahead.waited < 0.75 * now.waited && ahead.longest <= now.longest, said);
      }
  });

  test('is renewed while it works, however often; one that is renewed in vain ends as ineffective', () => {
    const step = (at: number): number => (at < START + HOUR ? 100 : 300);
    const few = { looksAhead: false, startup: 2 * MINUTE, maxRenewals: 15 };
    const works = live(step, 6 * HOUR, few);
    // Two renewals for each of its leases' four minutes: 150 in five hours.
    assert.deepEqual([works.asked.length, works.ends], [1, []], JSON.stringify(works));
    const vain = live(step, 3 * HOUR, { ...few, helps: false });
    assert.match(vain.ends[0] ?? '', /^ineffective: in lag_seconds below 30 s is still not kept after \d+ renewals$/);
    const over = live((at) => (at > START + HOUR && at < START + 4 * HOUR ? 300 : 100), 6 * HOUR, few);
    assert.equal(over.ends.length, 1);
    assert.match(over.ends[0] ?? '', /^recovered: /, 'it ends where it is needed no more');
  });

  test('is what it was where nothing is known to grow: in bursts that are over before a worker has come, after a step', () => {
    const bursts = (at: number): number => (at % (15 * MINUTE) < 2 * MINUTE ? 400 : 60);
    const step = (at: number): number => (at < START + 3 * HOUR ? 100 : 300);
    for (const [name, arriving] of Object.entries({ bursts, step })) {
      const runs = [false, true].map((looksAhead) => live(arriving, 6 * HOUR, { looksAhead, startup: 4 * MINUTE }));
      assert.deepEqual(runs[1], runs[0], name);
    }
  });

  test('is nothing for a batch that is done before the workers would work', () => {
    const [option] = policyPlan({}).may;
    const asked = (startup: number, recentIn: number): number | undefined => {
      const scale = {
        ...option,
        actuator: 'workers',
        stage: 'p.in',
        kind: 'scale',
        min: 3,
        max: MOST,
        accept: [],
        startup,
      };
      const values = { lag_records: 20_000, workers_ready: 3, workers_desired: 3 };
      const request = scaleFor(
        scale as OptionPlan,
        policyPlan({ keep: { stage: 'p.in', signal: 'lag_seconds', below: 30 }, lease: 4 * MINUTE }),
        {
          latest: new Map([['p.in', snapshot('p.in', START, values)]]),
          estimate: () => ({ ...NO_ESTIMATE, recentIn, recentOut: 3 * EACH, perWorker: EACH }),
          arrivalsAfter: () => undefined,
        },
        undefined,
      );
      return request?.kind === 'scale' ? request.replicas : undefined;
    };
    assert.equal(asked(3 * MINUTE, 0), undefined, 'done in 134 s');
    assert.equal(asked(10 * SECOND, 90), 4);
    assert.equal(asked(3 * MINUTE, 120), 5, 'more comes than is done meanwhile');
  });

  test('grows where the workers there are fall further behind, and not while they drain', () => {
    const slower = (at: number): number => (at < START + HOUR ? EACH : at < START + 1.5 * HOUR ? 25 : 12);
    const run = live(() => 100, 2.4 * HOUR, { looksAhead: false, startup: MINUTE, each: slower });
    assert.ok((run.asked.at(-1) as number) >= 10, JSON.stringify(run));
    assert.ok(run.asked.length <= 6, `few requests: ${JSON.stringify(run)}`);
    assert.ok(run.longest < 300, JSON.stringify(run));
  });

  test('is tried without once nobody has had all they could do for an hour; and after twice as long where that was too soon', () => {
    const slowFor = (time: number) => (at: number) => (at > START + HOUR && at < START + HOUR + time ? 20 : EACH);
    const run = (time: number, length: number) =>
      live(() => 100, length, { looksAhead: false, startup: MINUTE, each: slowFor(time) });
    const short = run(HOUR, 4 * HOUR);
    assert.equal(short.ends.at(-1), 'recovered: in lag_seconds below 30 s is kept again', JSON.stringify(short));
    const lasting = run(DAY, DAY);
    // After 1, 2, 4 and 8 hours, each time a little later.
    assert.ok(lasting.ends.length >= 3 && lasting.ends.length <= 4, JSON.stringify(lasting));
    assert.ok(lasting.longest < 500, JSON.stringify(lasting));
  });
});

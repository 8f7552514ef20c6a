import assert from 'node:assert/strict';
import { test } from 'node:test';
import { detectorsFrom } from '../../src/app/world.ts';
import type { GateRequest } from '../../src/domain/lease.ts';
import { HOUR, MINUTE, SECOND } from '../../src/domain/time.ts';
import { Engine } from '../../src/engine/engine.ts';
import { replay } from '../../src/engine/replay.ts';
import { registry } from '../../src/registry.ts';
import { planOf, policyPlan, snapshot, stagePlan } from '../support/plans.ts';

const START = Date.UTC(2026, 0, 5);
const EVERY = 10 * SECOND;
/** What all workers can ask of the dependency in a second. */
const WORKERS = 400;

interface Look {
  readonly at: number;
  readonly rate: number | undefined;
  readonly backlog: number;
  readonly out: number;
  readonly failing: number;
  readonly kind: string | undefined;
}

/**
 * A stage that calls a dependency, under a policy that throttles the stage while calls fail. A dependency that is asked for more than
 * it bears gets less done, and what waits keeps everybody asking.
 */
function live(arriving: (at: number) => number, bears: (at: number) => number, length: number): readonly Look[] {
  const engine = new Engine({
    plan: planOf(
      [stagePlan('p.call', { every: EVERY, detectors: [{ type: 'limits', config: {} }] })],
      [
        policyPlan({
          keep: { stage: 'p.call', signal: 'error_ratio', below: 0.03 },
          may: [{ actuator: 'valve', stage: 'p.call', kind: 'throttle', floor: 1, accept: [] }],
          lease: 2 * MINUTE,
          cooldown: 4 * MINUTE,
          maxRenewals: 1_000,
        }),
      ],
    ),
    detectors: detectorsFrom(registry, []),
    reversibility: new Map([['valve', 'native-lease']]),
    inMaintenance: () => false,
    sequence: 0,
  });
  const looks: Look[] = [];
  let [backlog, rate]: [number, number | undefined] = [0, undefined];
  for (let at = START; at < START + length; at += EVERY) {
    const into = arriving(at);
    const asks = Math.min(WORKERS, rate ?? WORKERS, into + backlog / 10);
    const room = bears(at);
    const out = asks <= room ? asks : room * Math.max(0.2, 1 - 0.6 * (asks / room - 1));
    const failing = 1 - out / asks;
    backlog = Math.max(0, backlog + (into - out) * 10);
    const values = {
      in_records_per_second: into,
      out_records_per_second: out,
      lag_records: backlog,
      error_ratio: failing,
    };
    const decisions = replay(engine, [snapshot('p.call', at, values)], at).flatMap((outcome) => outcome.decisions);
    const moved = decisions.find(({ kind }) => kind !== 'withhold' && kind !== 'renew');
    looks.push({ at, rate, backlog, out, failing, kind: moved?.kind });
    const request = moved?.request as GateRequest | undefined;
    if (moved?.kind === 'release') rate = undefined;
    else if (request?.kind === 'throttle') rate = request.rate;
  }
  return looks;
}

const after = (hours: number): number => START + hours * HOUR;

test('a throttle that spares a dependency stays until what has waited is done: let go before, it would all fall upon it', () => {
  // A flood for a quarter of an hour, more than the dependency bears; then what is usual, with a backlog of an hour.
  const flood = (at: number): number => (at > after(0.5) && at < after(0.75) ? 390 : 100);
  const looks = live(flood, () => 250, 4 * HOUR);
  const engaged = looks.filter(({ kind }) => kind === 'engage');
  assert.equal(engaged.length, 1, JSON.stringify(engaged));
  const [released, ...more] = looks.filter(({ kind }) => kind === 'release');
  assert.ok(released && more.length === 0);
  assert.ok(released.backlog <= (released.rate ?? 0) * 10, JSON.stringify(released));
  const failed = looks.filter(({ at, failing }) => at > after(0.8) && failing > 0.2);
  assert.ok(failed.length <= 3, `${failed.length} looks in which many calls failed`);
});

test('a throttle that is far above what the workers do is let go, whatever waits', () => {
  // The dependency bears little for half an hour, and then more than there are workers to ask for.
  const brownout = (at: number): number => (at > after(0.5) && at < after(1) ? 80 : 4_000);
  const looks = live(() => 380, brownout, 6 * HOUR);
  const released = looks.find(({ kind }) => kind === 'release');
  assert.ok(released && released.backlog > 100_000, JSON.stringify(released));
  assert.ok((released.rate ?? 0) < 2 * WORKERS, 'and is not probed any higher for it');
});

test('a throttle is not adjusted before it can have had an effect', () => {
  const looks = live(
    () => 200,
    (at) => (at > after(0.5) ? 90 : 400),
    HOUR,
  );
  const engaged = looks.findIndex(({ kind }) => kind === 'engage');
  const next = looks.findIndex(({ kind }, i) => i > engaged && kind === 'adjust');
  assert.ok(engaged > 0 && next - engaged >= 3, `adjusted ${next - engaged} looks later`);
});

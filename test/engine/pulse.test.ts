import assert from 'node:assert/strict';
import { test } from 'node:test';
import { detectorsFrom } from '../../src/app/world.ts';
import { EVERYWHERE } from '../../src/config/stages.ts';
import { DAY, HOUR, MINUTE } from '../../src/domain/time.ts';
import { Engine } from '../../src/engine/engine.ts';
import { replay } from '../../src/engine/replay.ts';
import { registry } from '../../src/registry.ts';
import { seededRandom } from '../../src/stats/random.ts';
import { planOf, snapshot, stagePlan } from '../support/plans.ts';

const START = Date.UTC(2026, 0, 5);

/** A week and a half of a signal that pulses for `length` at each full hour; answers with the incidents by day, and whether it is critical at the end. */
function pulsing(
  length: number,
  times: number,
  from: number,
  days: number,
): { readonly pages: readonly number[]; readonly criticalLastDay: number } {
  const detectors = registry.detectors
    .filter(({ type }) => EVERYWHERE.includes(type))
    .map(({ type, config }) => ({ type, config: config.parse({}) }));
  const engine = new Engine({
    plan: planOf([stagePlan('p.in', { every: MINUTE, season: [DAY, 7 * DAY], detectors })]),
    detectors: detectorsFrom(registry, []),
    reversibility: new Map(),
    inMaintenance: () => false,
    sequence: 0,
  });
  const pages: number[] = Array.from({ length: days }, () => 0);
  let criticalLastDay = 0;
  for (let at = START; at < START + days * DAY; at += MINUTE) {
    const random = seededRandom(at / MINUTE);
    const level = 100 * (0.95 + 0.1 * random()) * (at >= START + from * DAY && at % HOUR < length ? times : 1);
    for (const { incidents, steps } of replay(engine, [snapshot('p.in', at, { rows: level })], at)) {
      const day = Math.floor((at - START) / DAY);
      for (const { changes, incident } of incidents)
        if (
          incident.severity === 'critical' &&
          changes.some(({ kind }) => kind === 'opened' || kind === 'severity-raised')
        )
          pages[day] = (pages[day] ?? 0) + 1;
      if (day === days - 1) criticalLastDay += steps.filter(({ verdict }) => verdict.state === 'critical').length;
    }
  }
  return { pages, criticalLastDay };
}

for (const length of [MINUTE, 5 * MINUTE, 20 * MINUTE])
  test(`a regular pulse of three times the level, ${length / MINUTE} min an hour, is learned and lets go`, () => {
    const always = pulsing(length, 3, 0, 10);
    const told = `${always.pages.join(' ')}; ${always.criticalLastDay}`;
    assert.ok(always.pages.reduce((sum, one) => sum + one, 0) <= 6, told);
    assert.deepEqual([always.pages.at(-2), always.pages.at(-1), always.criticalLastDay], [0, 0, 0], told);
  });

for (const length of [MINUTE, 5 * MINUTE, 20 * MINUTE])
  test(`one that begins after eight days, ${length / MINUTE} min an hour, is told on its first day and not after it`, () => {
    const later = pulsing(length, 3, 8, 14);
    const told = `${later.pages.join(' ')}; ${later.criticalLastDay}`;
    const [first = 0, ...after] = later.pages.slice(8);
    assert.ok(first > 0 && first <= 14, told);
    assert.deepEqual([...new Set(after), later.criticalLastDay], [0, 0], told);
  });

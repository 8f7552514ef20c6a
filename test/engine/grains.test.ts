import assert from 'node:assert/strict';
import { test } from 'node:test';
import { engineForOne } from '../../src/app/offline.ts';
import { emptySnapshot } from '../../src/domain/snapshot.ts';
import { DAY, type DurationMs, HOUR, MINUTE, SECOND, WEEK } from '../../src/domain/time.ts';
import { replay } from '../../src/engine/replay.ts';
import { seededRandom } from '../../src/stats/random.ts';

const MONDAY = Date.UTC(2026, 0, 5);
const STAGE = 'test.stage';

interface Row {
  readonly at: number;
  readonly value: number;
}

/** Seasons of a day and a week that multiply, and noise of 7 % that lasts half an hour. `clock` is the time the season goes by. */
function usual(every: DurationMs, length: DurationMs, seed: number, clock = (at: number) => at): Row[] {
  const random = seededRandom(seed);
  const normal = () => Math.sqrt(-2 * Math.log(1 - random())) * Math.cos(2 * Math.PI * random());
  const kept = Math.exp(-every / (30 * MINUTE));
  let noise = 0;
  return Array.from({ length: Math.floor(length / every) }, (_, i) => {
    const at = MONDAY + i * every;
    const since = clock(at) - MONDAY;
    noise = kept * noise + Math.sqrt(1 - kept * kept) * normal();
    const ofDay = 1 + 0.5 * Math.sin(2 * Math.PI * (since / DAY - 0.3));
    const ofWeek = Math.floor(since / DAY) % 7 >= 5 ? 0.7 : 1;
    return { at, value: 100 * ofDay * ofWeek * Math.exp(0.07 * noise) };
  });
}

/** Beginnings of pages, and each further hour that one stands, from `from` on; at one page a week. */
function pagedHours(rows: readonly Row[], every: DurationMs, from: number): number {
  const engine = engineForOne({
    stage: STAGE,
    signals: ['value'],
    every,
    season: [DAY, WEEK],
    pagesPerWeek: 1,
    learnUntil: undefined,
  });
  let [episodes, since] = [0, Number.NEGATIVE_INFINITY];
  for (const { at, value } of rows) {
    const snapshot = { ...emptySnapshot(STAGE, at), values: new Map([['value', value]]) };
    const isPaged = replay(engine, [snapshot], at).at(-1)?.steps[0]?.verdict.state === 'critical';
    if (!isPaged) since = Number.NEGATIVE_INFINITY;
    else if (at >= from && at - since >= HOUR) [episodes, since] = [episodes + 1, at];
  }
  return episodes;
}

/** By grain: how long, how many seeds, and from when on it is counted. */
const GRAINS = [
  { name: '10 seconds', every: 10 * SECOND, length: 9 * DAY, seeds: 1, from: WEEK },
  { name: '5 minutes', every: 5 * MINUTE, length: 4 * WEEK, seeds: 2, from: WEEK },
  { name: 'an hour', every: HOUR, length: 10 * WEEK, seeds: 6, from: WEEK },
  { name: 'a day', every: DAY, length: 52 * WEEK, seeds: 10, from: WEEK },
] as const;

for (const { name, every, length, seeds, from } of GRAINS) {
  test(`of usual weeks at a sample each ${name}, no more is paged than one and a half times what was budgeted`, () => {
    let episodes = 0;
    for (let seed = 1; seed <= seeds; seed++) episodes += pagedHours(usual(every, length, seed), every, MONDAY + from);
    const weeks = (seeds * (length - from)) / WEEK;
    // Where few weeks are counted, chance may add three standard deviations of a count.
    const most = 1.5 * weeks + 3 * Math.sqrt(1.5 * weeks);
    assert.ok(episodes <= (weeks > 20 ? 1.5 * weeks : most), `${episodes} in ${weeks} weeks`);
  });
}

test('a gap of six hours is followed by no more pages than the same hours without it, at a sample an hour', () => {
  const gap = { from: MONDAY + 3 * WEEK + 11 * HOUR, to: MONDAY + 3 * WEEK + 17 * HOUR };
  let after = 0;
  for (let seed = 1; seed <= 12; seed++) {
    const rows = usual(HOUR, 3 * WEEK + DAY, seed).filter(({ at }) => at < gap.from || at >= gap.to);
    after += pagedHours(rows, HOUR, gap.to);
  }
  // Twelve times seven hours are half a week; a page that stands for three hours comes by chance.
  assert.ok(after <= 3, `${after} paged hours`);
});

test('clocks set an hour on are recognised within hours, also at a sample an hour', () => {
  const change = MONDAY + 5 * WEEK;
  const summer = (at: number) => (at >= change ? at + HOUR : at);
  let paged = 0;
  for (let seed = 1; seed <= 8; seed++) paged += pagedHours(usual(HOUR, 6 * WEEK, seed, summer), HOUR, change);
  assert.ok(paged <= 8 * 3.5, `${paged} hours in eight weeks`);
});

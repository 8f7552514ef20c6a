import assert from 'node:assert/strict';
import { test } from 'node:test';
import { engineForOne } from '../../src/app/offline.ts';
import { factsOf } from '../../src/domain/evidence.ts';
import type { Score } from '../../src/domain/score.ts';
import { emptySnapshot } from '../../src/domain/snapshot.ts';
import { partOfSubject, VECTOR } from '../../src/domain/subject.ts';
import { DAY, HOUR, MINUTE, WEEK } from '../../src/domain/time.ts';
import type { Verdict } from '../../src/domain/verdict.ts';
import { replay } from '../../src/engine/replay.ts';
import { seededRandom } from '../../src/stats/random.ts';

const STAGE = 'test.stage';
const EVERY = 15 * MINUTE;
const START = Date.UTC(2026, 0, 5);

interface Seen {
  readonly verdict: Verdict;
  readonly whole: (Score & { state: 'ready' }) | undefined;
}

/** A stage whose signals have their own levels and days and share half of their noise, with the default detectors. */
function stageOf(signals: number, seed: number): (change?: (values: Map<string, number>) => void) => Seen {
  const random = seededRandom(1_000 * signals + seed);
  const normal = (): number => Math.sqrt(-2 * Math.log(1 - random())) * Math.cos(2 * Math.PI * random());
  const names = Array.from({ length: signals }, (_, index) => `v${index}`);
  const own = names.map(() => ({ level: 10 ** (4 * random()), day: 0.2 + 0.5 * random(), noise: 0 }));
  const spread = 0.04 + 0.06 * random();
  const engine = engineForOne({
    stage: STAGE,
    signals: names,
    every: EVERY,
    season: [DAY, WEEK],
    pagesPerWeek: 1,
    learnUntil: undefined,
  });
  let [common, row] = [0, 0];
  return (change) => {
    const at = START + row++ * EVERY;
    common = 0.8 * common + 0.6 * normal();
    const values = new Map<string, number>();
    own.forEach((one, index) => {
      one.noise = 0.8 * one.noise + 0.6 * normal();
      const day = 1 + one.day * Math.sin((2 * Math.PI * at) / DAY);
      values.set(`v${index}`, one.level * day * Math.exp(0.7 * spread * (common + one.noise)));
    });
    change?.(values);
    const [step] = replay(engine, [{ ...emptySnapshot(STAGE, at), values }], at).at(-1)?.steps ?? [];
    assert.ok(step);
    const whole = step.scores.find((score) => partOfSubject(score.subject) === VECTOR);
    return { verdict: step.verdict, whole: whole?.state === 'ready' ? whole : undefined };
  };
}

/** Pages opened over so much time of which nothing is to be said. */
function pagesOver(next: () => Seen, time: number): number {
  let pages = 0;
  for (let left = time / EVERY, critical = false; left > 0; left--) {
    const now = next().verdict.state === 'critical';
    if (now && !critical) pages++;
    critical = now;
  }
  return pages;
}

test('an outage is unmistakable for stages of two to eight signals: it pages at once, to its end, and far beyond the line of the whole', () => {
  let pages = 0;
  let stages = 0;
  for (const signals of [2, 3, 4, 5, 6, 7, 8])
    for (const seed of [1, 2]) {
      const next = stageOf(signals, seed);
      pages += pagesOver(next, 3 * WEEK);
      stages++;
      const outage = Array.from({ length: (6 * HOUR) / EVERY }, () =>
        next((values) => {
          for (const name of values.keys()) values.set(name, 0);
        }),
      );
      const where = `${signals} signals, seed ${seed}`;
      assert.ok(
        outage.every(({ verdict }) => verdict.state === 'critical'),
        `${where}: ${outage.map(({ verdict }) => verdict.state)}`,
      );
      const values = outage.slice(1).map(({ whole }) => whole?.value);
      if (signals >= 3)
        assert.ok(
          values.every((value) => (value ?? 0) > 1.2),
          `${where}: ${values}`,
        );
    }
  // One page a week is budgeted for each; the first weeks of a stage come from its prior.
  assert.ok(pages <= 1.5 * 3 * stages, `${pages} pages in ${3 * stages} usual weeks`);
});

test('what is said of a stage that is unusual as a whole names its signals with what they show and what is usual', () => {
  const next = stageOf(6, 3);
  pagesOver(next, 2 * WEEK);
  const apart = (values: Map<string, number>): void => void values.set('v2', 0.3 * (values.get('v2') ?? 0));
  const { verdict } = [next(apart), next(apart), next(apart)].at(-1) as Seen;
  const told = factsOf(verdict).find(({ subject }) => partOfSubject(subject) === VECTOR);
  assert.match(told?.text ?? '', /^unusual together: v2 \S+, usually \S+ to \S+( \S)?( at this hour)? \(\d+ %\)/);
});

test('one of many signals that is out for hours pages, is held to the end of it and is not learned', () => {
  for (const signals of [12, 38]) {
    const next = stageOf(signals, 1);
    pagesOver(next, 2 * WEEK);
    const out = Array.from({ length: (6 * HOUR) / EVERY }, () => next((values) => void values.set('v3', 0)));
    const own = out.map(
      ({ verdict }) => verdict.because.find(({ subject }) => partOfSubject(subject) === 'v3')?.value ?? 0,
    );
    assert.ok(
      out.every(({ verdict }) => verdict.state === 'critical'),
      `${signals} signals: ${out.map(({ verdict }) => verdict.state)}`,
    );
    assert.ok(Math.min(...own) >= 1, `${signals} signals: ${own}`);
  }
});

test('a signal that is stuck keeps its own reference still and not those of the others: what grows slowly meanwhile is learned', () => {
  const next = stageOf(12, 1);
  pagesOver(next, 2 * WEEK);
  const days = 4;
  const rows = (days * DAY) / EVERY;
  let stuckAt: number | undefined;
  const stuck = Array.from({ length: rows }, (_, row) =>
    next((values) => {
      stuckAt ??= values.get('v3') as number;
      values.set('v3', stuckAt);
      values.set('v5', (values.get('v5') as number) * (1 + 0.4 * (row / rows)));
    }),
  );
  const strange = (part: string): number =>
    stuck.filter(({ verdict }) =>
      verdict.because.some(({ subject, value }) => partOfSubject(subject) === part && value >= 1),
    ).length;
  const isStuck = stuck
    .slice(-8)
    .every(({ verdict }) => verdict.because.some(({ subject }) => partOfSubject(subject) === 'v3'));
  assert.ok(isStuck, 'what is stuck is said to its end, and was not learned');
  assert.ok(strange('v5') <= 8, `v5 was strange in ${strange('v5')} of ${rows} samples`);
});

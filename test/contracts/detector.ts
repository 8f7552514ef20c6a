import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import type { StagePlan } from '../../src/domain/plan.ts';
import type { Surprise } from '../../src/domain/score.ts';
import type { Signal } from '../../src/domain/signal.ts';
import { emptySnapshot, type Gap, type Snapshot } from '../../src/domain/snapshot.ts';
import { subjectOf } from '../../src/domain/subject.ts';
import { DAY, HOUR } from '../../src/domain/time.ts';
import { runJob } from '../../src/engine/jobs.ts';
import type { Detector, DetectorDefinition, HowToAdvance } from '../../src/kit/component.ts';
import { seededRandom } from '../../src/stats/random.ts';

/** What the suite needs to know of a detector. `signals` are named in the plan or found by the detector itself. */
export interface DetectorCase {
  readonly config: unknown;
  readonly stage: StagePlan;
  /** Signals fed; at least two. */
  readonly signals: readonly Signal[];
  /** Parts of the stage it speaks of, where these are not the signals. */
  readonly subjects?: readonly string[];
  /** Turns signals into what the detector looks at, where that is not signals. */
  readonly dress?: (snapshot: Snapshot) => Snapshot;
  /** Snapshots after which at least one subject has to be past warming. */
  readonly warmSnapshots: number;
  /** Saved state may not be larger than this for each signal. */
  readonly bytesPerSignal: number;
  readonly seed?: number;
  /** One value by itself is nothing to it, however far: it speaks of where several lead. */
  readonly needsCourse?: true;
}

/** What is averaged of votes that hold different things against a value may give way by this share of its surprise, and no more. */
const DIP = 0.04;
const START = Date.UTC(2026, 0, 5);
const LEARN: HowToAdvance = () => 'learn';

/** The promises of `Detector`, for any definition. Every test builds its own detector. */
export function detectorContract(definition: DetectorDefinition, of: DetectorCase): void {
  const { stage } = of;
  const config = definition.config.parse(of.config);
  const build = (): Detector =>
    definition.create(config, { stage, random: seededRandom(of.seed ?? 1), holidays: [Date.UTC(2026, 11, 25)] });
  const feed = new Feed(of);
  const run = (detector: Detector, from: number, to: number): (readonly Surprise[])[] =>
    Array.from({ length: to - from }, (_, i) => {
      const snapshot = feed.at(from + i);
      const surprises = detector.score(snapshot, snapshot.at, []);
      detector.advance(snapshot, snapshot.at, LEARN);
      doJobs(detector, snapshot.at);
      return surprises;
    });
  const warm = (): Detector => {
    const detector = build();
    run(detector, 0, of.warmSnapshots);
    return detector;
  };
  const scoresAt = (detector: Detector, snapshot: Snapshot): readonly Surprise[] =>
    detector.score(snapshot, snapshot.at, []);

  describe(`detector ${definition.type}`, () => {
    test('parses every one of its examples away from the type', () => {
      for (const example of definition.examples)
        assert.match(example.yaml, new RegExp(`^type: ${definition.type}$`, 'm'));
      assert.equal(definition.config.safeParse({ no_such_key: 1 }).success, false);
    });

    test('warms up, and then says something of every signal', () => {
      const detector = build();
      run(detector, 0, of.warmSnapshots);
      const spoken = new Set(scoresAt(detector, feed.at(of.warmSnapshots)).map((surprise) => surprise.subject));
      for (const part of of.subjects ?? of.signals) assert.ok(spoken.has(subjectOf(stage.id, part)), part);
      assert.ok(scoresAt(detector, feed.at(of.warmSnapshots)).some((surprise) => surprise.state !== 'warming'));
    });

    test('gives the same scores for the same input and seed', () => {
      assert.deepEqual(run(build(), 0, 2 * of.warmSnapshots), run(build(), 0, 2 * of.warmSnapshots));
    });

    test('changes nothing when it scores', () => {
      const detector = warm();
      const before = detector.save();
      const snapshot = feed.at(of.warmSnapshots);
      const first = scoresAt(detector, snapshot);
      assert.deepEqual(scoresAt(detector, snapshot), first);
      assert.deepEqual(
        scoresAt(detector, feed.wild(of.warmSnapshots)),
        scoresAt(detector, feed.wild(of.warmSnapshots)),
      );
      assert.deepEqual(scoresAt(detector, snapshot), first);
      assert.deepEqual(detector.save(), before);
    });

    test('never finds less strange what is farther above all that it has seen', () => {
      const detector = build();
      const seen = 4 * of.warmSnapshots;
      run(detector, 0, seen);
      let strangest = 0;
      for (const [k, moved] of of.signals.entries()) {
        let least = 0;
        for (let j = 0; j <= 40; j++) {
          const farther = Feed.MOST * 10 ** k * 1.3 ** j;
          const snapshot = feed.at(seen, (signal, usual) => (signal === moved ? farther : usual));
          const found = strangeness(scoresAt(detector, snapshot), of.subjects ? undefined : subjectOf(stage.id, moved));
          assert.ok(found >= (1 - DIP) * least, `${moved} at ${farther}: ${found} after ${least}`);
          least = Math.max(least, found);
        }
        strangest = Math.max(strangest, least);
      }
      assert.ok(strangest > 0 || of.needsCourse, 'nothing is ever strange');
    });

    test('leaves the snapshot and the surprises it is given alone', () => {
      const detector = warm();
      const snapshot = feed.at(of.warmSnapshots);
      const copy = structuredClone(snapshot);
      const earlier: readonly Surprise[] = Object.freeze([]);
      detector.score(snapshot, snapshot.at, earlier);
      detector.advance(snapshot, snapshot.at, LEARN);
      assert.deepEqual(snapshot, copy);
    });

    test('does not care for the order of signals', () => {
      const [straight, reversed] = [build(), build()];
      const sorted = (list: readonly Surprise[]): Surprise[] =>
        [...list].sort((a, b) => (JSON.stringify(a) < JSON.stringify(b) ? -1 : 1));
      for (let i = 0; i < of.warmSnapshots + 50; i++) {
        const snapshot = feed.at(i);
        const turned = { ...snapshot, values: new Map([...snapshot.values].reverse()) };
        assert.deepEqual(sorted(scoresAt(reversed, turned)), sorted(scoresAt(straight, snapshot)));
        straight.advance(snapshot, snapshot.at, LEARN);
        reversed.advance(turned, turned.at, LEARN);
      }
    });

    test('gives finite numbers and p-values in (0, 1] for any finite input', () => {
      const detector = build();
      for (let i = 0; i < 3 * of.warmSnapshots; i++) {
        const snapshot = i % 7 === 3 ? feed.wild(i) : feed.at(i);
        for (const surprise of scoresAt(detector, snapshot)) assertSound(surprise);
        detector.advance(snapshot, snapshot.at, i % 11 === 5 ? () => 'hold' : LEARN);
      }
    });

    test('takes signals that come and go', () => {
      const detector = warm();
      const [gone] = of.signals;
      for (let i = 0; i < 40; i++) {
        const full = feed.at(of.warmSnapshots + i);
        const values = new Map([...full.values].filter(([name]) => name !== gone));
        values.set('brand_new_signal', i);
        const profiles = new Map([...full.profiles].filter(([name]) => name !== gone));
        const snapshot: Snapshot = { ...full, values, profiles, absent: new Set(i % 2 === 0 ? [gone as Signal] : []) };
        for (const surprise of scoresAt(detector, snapshot)) {
          assertSound(surprise);
          if (surprise.subject === subjectOf(stage.id, gone as Signal)) assert.notEqual(surprise.state, 'ready');
        }
        detector.advance(snapshot, snapshot.at, LEARN);
      }
    });

    test('is blind in a gap, never surprised', () => {
      const detector = warm();
      const { at } = feed.at(of.warmSnapshots);
      const snapshot: Snapshot = { ...emptySnapshot(stage.id, at), gaps: [gapOf(of.signals)] };
      const surprises = scoresAt(detector, snapshot);
      assert.ok(surprises.length > 0);
      for (const surprise of surprises) assert.equal(surprise.state, 'blind');
      detector.advance(snapshot, snapshot.at, LEARN);
    });

    test('restores to exactly the same scores', () => {
      const straight = warm();
      const restored = build();
      assert.equal(restored.restore(straight.save()), true);
      assert.deepEqual(restored.save(), straight.save());
      for (const from of [0, 250]) {
        const range = [of.warmSnapshots + from, of.warmSnapshots + from + 250] as const;
        assert.deepEqual(run(restored, ...range), run(straight, ...range));
      }
      assert.deepEqual(restored.save(), straight.save());
    });

    test('restores a detector that is still warming up', () => {
      const straight = build();
      run(straight, 0, 3);
      const restored = build();
      assert.equal(restored.restore(straight.save()), true);
      assert.deepEqual(run(restored, 3, of.warmSnapshots + 9), run(straight, 3, of.warmSnapshots + 9));
    });

    test('can be put aside and restored at any moment, in the middle of anything, and goes on the same', () => {
      const length = of.warmSnapshots + 40;
      const moment = fc.record({
        cut: fc.integer({ min: 0, max: length }),
        wild: fc.integer({ min: 0, max: length }),
        held: fc.integer({ min: 0, max: length }),
        gap: fc.integer({ min: 0, max: length }),
      });
      fc.assert(
        fc.property(moment, ({ cut, wild, held, gap }) => {
          const step = (detector: Detector, i: number): readonly Surprise[] => {
            const seen = i === wild ? feed.wild(i) : feed.at(i);
            const snapshot = i === gap ? { ...emptySnapshot(stage.id, seen.at), gaps: [gapOf(of.signals)] } : seen;
            const said = detector.score(snapshot, snapshot.at, []);
            detector.advance(snapshot, snapshot.at, i >= held && i < held + 20 ? () => 'hold' : LEARN);
            return said;
          };
          const straight = build();
          for (let i = 0; i < cut; i++) step(straight, i);
          const restored = build();
          assert.equal(restored.restore(straight.save()), true);
          for (let i = cut; i < cut + 25; i++) assert.deepEqual(step(restored, i), step(straight, i));
          assert.deepEqual(restored.save(), straight.save());
        }),
        { numRuns: 12 },
      );
    });

    test('gives finite numbers for what hardly is one: constants, denormals, the largest there are, times that repeat', () => {
      const shapes: readonly ((i: number) => number)[] = [
        () => 0,
        () => 100,
        (i) => Number.MIN_VALUE * (1 + (i % 3)),
        (i) => (i % 2 === 0 ? 1 : -1) * Number.MAX_VALUE,
        (i) => 2 ** (i % 2_000) / 2 ** 1_000,
        (i) => (i < of.warmSnapshots ? 5 : 5 + Number.EPSILON * (i % 2)),
      ];
      for (const [place, shape] of shapes.entries()) {
        const detector = build();
        for (let i = 0; i < 2 * of.warmSnapshots; i++) {
          // Each third moment comes twice; once an hour the clock runs back by two looks.
          const { at } = feed.at(i - (i % 3 === 2 ? 1 : 0) - (i % 37 === 36 ? 2 : 0));
          const values = new Map(of.signals.map((signal, k): [Signal, number] => [signal, shape(i + k)]));
          const bare = { ...emptySnapshot(stage.id, at), values };
          const snapshot = of.dress?.(bare) ?? bare;
          for (const surprise of scoresAt(detector, snapshot)) assertSound(surprise, `shape ${place}, ${i}`);
          detector.advance(snapshot, snapshot.at, LEARN);
          doJobs(detector, snapshot.at);
          for (const { points } of detector.outlook?.(8) ?? [])
            for (const { lower, centre, upper } of points)
              assert.ok([lower, centre, upper].every(Number.isFinite) && lower <= centre && centre <= upper);
        }
      }
    });

    test('refuses foreign bytes and changes nothing', () => {
      const detector = warm();
      const good = detector.save();
      const before = scoresAt(detector, feed.at(of.warmSnapshots));
      const flipped = good.slice();
      flipped[flipped.length >> 1] = (flipped[flipped.length >> 1] as number) ^ 0x55;
      const foreign = [new Uint8Array(0), new TextEncoder().encode('{"version":99}'), good.slice(0, -1), flipped];
      for (const bytes of foreign) assert.equal(detector.restore(bytes), false);
      assert.deepEqual(detector.save(), good);
      assert.deepEqual(scoresAt(detector, feed.at(of.warmSnapshots)), before);
    });

    test('keeps its state small', () => {
      const detector = build();
      run(detector, 0, of.warmSnapshots + 200);
      const bytes = detector.save().length;
      assert.ok(bytes <= of.bytesPerSignal * of.signals.length, `${bytes} bytes for ${of.signals.length} signals`);
    });

    test('ignores accept of a subject it does not know', () => {
      const detector = warm();
      const before = detector.save();
      detector.accept(subjectOf(stage.id, 'never_seen'), START);
      detector.accept(subjectOf('other.stage', of.signals[0] as Signal), START);
      assert.deepEqual(detector.save(), before);
    });

    test('takes accept at any time', () => {
      for (const seen of [0, 1, of.warmSnapshots]) {
        const detector = build();
        run(detector, 0, seen);
        for (const signal of of.signals) detector.accept(subjectOf(stage.id, signal), START);
        for (const surprises of run(detector, seen, seen + 30)) for (const surprise of surprises) assertSound(surprise);
      }
    });

    test('survives a clock that runs back, stands still, or leaps', () => {
      const detector = warm();
      let index = of.warmSnapshots;
      for (const jump of [-HOUR, 0, 30 * DAY, -30 * DAY, 1]) {
        for (let i = 0; i < 20; i++) {
          const snapshot = { ...feed.at(index), at: feed.at(index).at + jump };
          index += jump === 0 ? 0 : 1;
          for (const surprise of scoresAt(detector, snapshot)) assertSound(surprise);
          detector.advance(snapshot, snapshot.at, LEARN);
        }
      }
    });
  });
}

/** What the engine does with the jobs of a detector, at once. */
function doJobs(detector: Detector, now: number): void {
  const job = detector.retrain?.(now);
  if (!job) return;
  const result = runJob(job);
  assert.deepEqual(runJob(job), result, 'the same job gives the same result');
  detector.trained?.(result);
}

/** A seasonal, noisy input that depends on nothing but its index. */
class Feed {
  /** More than the first signal ever shows; each after it may show ten times as much as the one before. */
  static readonly MOST = 1.3 * 1.1;
  readonly #of: DetectorCase;

  constructor(of: DetectorCase) {
    this.#of = of;
  }

  at(index: number, turned: (signal: Signal, usual: number) => number = (_, usual) => usual): Snapshot {
    const { stage, signals } = this.#of;
    const at = START + index * stage.every;
    const values = signals.map((signal, k): [Signal, number] => {
      const random = seededRandom(index * 31 + k);
      const season = 1 + 0.3 * Math.sin((2 * Math.PI * at) / (stage.season[0] ?? DAY));
      return [signal, turned(signal, 10 ** k * season * (0.9 + 0.2 * random()))];
    });
    const snapshot = { ...emptySnapshot(stage.id, at), values: new Map(values) };
    return this.#of.dress?.(snapshot) ?? snapshot;
  }

  /** The same moment with values from the far ends of the number line. */
  wild(index: number): Snapshot {
    const ends = [0, -1, 1e308, -1e308, Number.MIN_VALUE, Number.MAX_SAFE_INTEGER];
    const values = this.#of.signals.map((signal, k): [Signal, number] => [signal, ends[(index + k) % 6] as number]);
    const snapshot = { ...emptySnapshot(this.#of.stage.id, this.at(index).at), values: new Map(values) };
    return this.#of.dress?.(snapshot) ?? snapshot;
  }
}

/** How strange the most surprised of the subjects is, in nats; a limit that is broken is stranger than one that is in sight, and the nearer the more. */
function strangeness(surprises: readonly Surprise[], subject: string | undefined): number {
  const own = surprises.filter((one) => subject === undefined || one.subject === subject);
  return own.reduce((most, one) => {
    if (one.state === 'ready') return Math.max(most, -Math.log(one.pValue));
    if (one.state !== 'limit' || (one.rule !== 'above' && !one.broken)) return most;
    return Math.max(most, one.broken ? 2_000 : one.reach ? 1_000 / (1 + one.reach.likely / HOUR) : 0);
  }, 0);
}

const gapOf = (signals: readonly Signal[]): Gap => ({ probe: 'p', signals, code: 'timeout', message: 'no answer' });

function assertSound(surprise: Surprise, where = ''): void {
  const text = `${where} ${JSON.stringify(surprise)}`;
  if (surprise.state === 'warming') assert.ok(surprise.seen >= 0 && surprise.need > 0, text);
  if (surprise.state === 'blind') assert.ok(surprise.missing.length > 0, text);
  if (surprise.state === 'limit') assert.ok(Number.isFinite(surprise.limit) && surprise.patience >= 0, text);
  if (surprise.state !== 'ready') return;
  assert.ok(surprise.pValue > 0 && surprise.pValue <= 1, text);
  const shares = surprise.because.reduce((sum, part) => sum + part.share, 0);
  assert.ok(surprise.because.length > 0 && Math.abs(shares - 1) < 1e-9, text);
  if (surprise.expected === undefined) return;
  const { lower, centre, upper } = surprise.expected;
  assert.ok([lower, centre, upper].every(Number.isFinite) && lower <= centre && centre <= upper, text);
}

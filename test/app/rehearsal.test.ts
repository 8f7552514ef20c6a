import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { batchesOf } from '../../src/app/budgets.ts';
import { readConfigFile } from '../../src/app/config-file.ts';
import { engineForConfig } from '../../src/app/offline.ts';
import { record, type StagePast } from '../../src/app/recorded.ts';
import { livePast, SETTLE, watching } from '../../src/app/rehearsal-pass.ts';
import { engineFrom } from '../../src/app/rehearsal-try.ts';
import type { Score } from '../../src/domain/score.ts';
import { emptySnapshot, type Snapshot } from '../../src/domain/snapshot.ts';
import { MINUTE } from '../../src/domain/time.ts';
import type { Outcome } from '../../src/engine/ledger.ts';
import { replay } from '../../src/engine/replay.ts';
import { seededRandom } from '../../src/stats/random.ts';

const START = Date.UTC(2026, 0, 5);
const STAGE = 'orders.enrich';
const folder = mkdtempSync(join(tmpdir(), 'headgate-rehearsal-'));
after(() => rmSync(folder, { recursive: true, force: true }));
const file = join(folder, 'headgate.yaml');
writeFileSync(
  file,
  `
pipelines:
  orders:
    every: 1m
    season: [6h]
    stages:
      ingest: {}
      enrich:
        after: [ingest]
        derive: { kept_ratio: { ratio: { of: rows, to: ingest/rows } } }
        detectors: { isolation-forest: { warmup: 128, trees: 20, sample: 64, retrain_every: 4h } }
`,
);
const { config } = readConfigFile(file, {});

/** Two days without trouble; now and then a look without an answer. */
async function* twoDays(): AsyncGenerator<readonly Snapshot[]> {
  const random = seededRandom(11);
  for (let minute = 0; minute < 2_880; minute++) {
    const at = START + minute * MINUTE;
    const rows = 100 + 10 * random();
    const values = new Map(
      Object.entries({ rows: 0.98 * rows + random(), lag_seconds: 5 + random(), workers: 3 + random() }),
    );
    const silent = minute % 400 === 399;
    const gaps = [{ probe: '0', signals: [...values.keys()], code: 'timeout' as const, message: 'no answer' }];
    yield [
      { ...emptySnapshot('orders.ingest', at), values: new Map([['rows', rows]]) },
      silent ? { ...emptySnapshot(STAGE, at), gaps } : { ...emptySnapshot(STAGE, at), values },
    ];
  }
}

const scoresOf = (outcomes: readonly Outcome[]): readonly Score[] =>
  outcomes.flatMap(({ steps }) =>
    steps.filter(({ snapshot }) => snapshot.stage === STAGE).flatMap(({ scores }) => scores),
  );

test('a stage that goes on alone from where it was put aside says what it says within the whole', async () => {
  const recorded = await record(twoDays());
  const untouched = livePast(config, recorded, 2, seededRandom(1));
  const { places = [] } = untouched.stages.get(STAGE) ?? {};
  assert.equal(places.length, 6);
  const [past, ingest] = [STAGE, 'orders.ingest'].map((id) => recorded.stages.get(id as typeof STAGE)) as [
    StagePast,
    StagePast,
  ];
  const whole = new Map<number, readonly Score[]>();
  const engine = engineForConfig(watching(config));
  for (const batch of batchesOf(recorded)) {
    const { at } = batch[0] as Snapshot;
    whole.set(at, scoresOf(replay(engine, batch, at)));
  }
  for (const place of places) {
    const alone = engineFrom(config, STAGE, [ingest], place);
    for (let index = place.from - SETTLE; index < Math.min(place.from + 120, past.length); index++) {
      const snapshot = past.snapshot(index);
      const scores = scoresOf(replay(alone, [ingest.snapshot(index), snapshot], snapshot.at));
      if (index < place.from) continue;
      const expected = whole.get(snapshot.at) ?? [];
      assert.deepEqual(
        scores.map(({ subject, detector, state }) => [subject, detector, state]),
        expected.map(({ subject, detector, state }) => [subject, detector, state]),
      );
      scores.forEach((score, at) => {
        const { value } = expected[at] as Score;
        // The share of the budget is multiplied out, so the last digits may differ.
        assert.ok(
          Math.abs(score.value - value) <= 1e-6 * Math.max(1, value),
          `${index} ${score.subject}: ${score.value}, ${value}`,
        );
      });
    }
  }
});

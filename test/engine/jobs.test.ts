import assert from 'node:assert/strict';
import { test } from 'node:test';
import { detectorsFrom } from '../../src/app/world.ts';
import type { StagePlan } from '../../src/domain/plan.ts';
import type { Score } from '../../src/domain/score.ts';
import { MINUTE } from '../../src/domain/time.ts';
import { inlineJobs, type Jobs, runJob } from '../../src/engine/jobs.ts';
import { SNAPSHOTS_PER_JOB } from '../../src/engine/retrain.ts';
import { createStageLine, type StageLine } from '../../src/engine/stage.ts';
import { createWorkerJobs } from '../../src/engine/worker.ts';
import type { Job } from '../../src/kit/component.ts';
import { registry } from '../../src/registry.ts';
import { writeRequest } from '../../src/stats/forest-training.ts';
import { seededRandom } from '../../src/stats/random.ts';
import { snapshot, stagePlan } from '../support/plans.ts';

function job(seed = 1, rows = 300): Job {
  const random = seededRandom(9);
  const columns = ['a', 'b', 'c'].map(() => Float32Array.from({ length: rows }, random));
  const request = { names: ['a', 'b', 'c'], table: { rows, columns }, trees: 20, sample: 128 };
  return { task: 'grow-forest', seed, input: writeRequest(request) };
}
const broken: Job = { task: 'grow-forest', seed: 1, input: new Uint8Array(3) };

const WARMUP = 128;
const forestDetector = registry.detectors.find(({ type }) => type === 'isolation-forest');
const forest = forestDetector?.config.parse({ warmup: WARMUP, rows: 256, trees: 20, sample: 64, retrain_every: '3h' });
const PLAN: StagePlan = stagePlan('orders.enrich', {
  every: MINUTE,
  detectors: [{ type: 'isolation-forest', config: forest }],
});
const START = Date.UTC(2026, 0, 5);
const lineWith = (jobs: Jobs): StageLine => createStageLine(PLAN, detectorsFrom(registry, [])(PLAN), { jobs });

/** One snapshot through the line, as the daemon does it. */
async function step(line: StageLine, minute: number): Promise<readonly Score[]> {
  const random = seededRandom(minute);
  const values = { rows: random(), lag_seconds: random(), error_ratio: random() };
  await line.resultsDue();
  const share = { pagesPerWeek: 1, ticketsPerWeek: 7 };
  const { scores } = line.judge(snapshot(PLAN.id, START + minute * MINUTE, values), new Map(), {
    share,
    distorted: false,
    demotes: true,
  });
  line.advance('as-judged', true);
  return scores;
}
async function steps(line: StageLine, from: number, to: number): Promise<(readonly Score[])[]> {
  const all: (readonly Score[])[] = [];
  for (let minute = from; minute < to; minute++) all.push(await step(line, minute));
  return all;
}

test('the same job gives the same bytes here and in a worker, and another seed gives others', async () => {
  const jobs = createWorkerJobs((_, error) => assert.fail(error));
  const running = [jobs.start(job(1)), jobs.start(job(2))];
  await Promise.all(running.map((one) => one.ended));
  assert.deepEqual(running[0]?.result(), runJob(job(1)));
  assert.deepEqual(running[1]?.result(), runJob(job(2)));
  assert.notDeepEqual(running[0]?.result(), running[1]?.result());
  await jobs.close();
});

test('randomness is put back after a job, also one that fails', () => {
  const before = Math.random;
  runJob(job());
  assert.throws(() => runJob(broken), RangeError);
  assert.equal(Math.random, before);
});

test('a job that fails is told, has no result, and the next one is done', async () => {
  const failed: string[] = [];
  const jobs = createWorkerJobs((of, error) => failed.push(`${of.task}: ${error.name}`));
  const [bad, good] = [jobs.start(broken), jobs.start(job())];
  await bad.ended;
  assert.equal(bad.result(), undefined);
  assert.deepEqual(failed, ['grow-forest: Error']);
  await good.ended;
  assert.ok(good.result());
  await jobs.close();
});

test('closing ends what is under way without a word, and nothing starts after it', async () => {
  const jobs = createWorkerJobs(() => assert.fail('told'));
  const running = jobs.start(job(1, 2_000));
  await jobs.close();
  await running.ended;
  assert.equal(running.result(), undefined);
  const late = jobs.start(job());
  await late.ended;
  assert.equal(late.result(), undefined);
  await jobs.close();
});

test('a result takes effect a fixed number of snapshots after it was asked for, however long it takes', async () => {
  const jobs = createWorkerJobs((_, error) => assert.fail(error));
  const said = await steps(lineWith(jobs), 0, WARMUP + 40);
  const ready = said.findIndex((scores) => scores.some(({ state }) => state === 'ready'));
  // Asked for after the last snapshot of the warm-up.
  assert.equal(ready, WARMUP - 1 + SNAPSHOTS_PER_JOB);
  assert.deepEqual(said, await steps(lineWith(inlineJobs), 0, WARMUP + 40));
  await jobs.close();
});

test('a restart in the middle of a job changes nothing', async () => {
  const straight = lineWith(inlineJobs);
  const told = await steps(straight, 0, WARMUP + 60);
  for (const at of [WARMUP - 3, WARMUP + 4, WARMUP + 30]) {
    const [first, second] = [lineWith(inlineJobs), lineWith(inlineJobs)];
    await steps(first, 0, at);
    assert.equal(second.restore(first.save()), true);
    assert.deepEqual(await steps(second, at, WARMUP + 60), told.slice(at), `restarted at ${at}`);
  }
});

test('a detector whose job failed keeps going and asks again later', async () => {
  let starts = 0;
  const failing: Jobs = {
    start(of) {
      starts++;
      return starts === 1 ? { ended: Promise.resolve(), result: () => undefined } : inlineJobs.start(of);
    },
  };
  const said = await steps(lineWith(failing), 0, 3 * WARMUP);
  assert.equal(starts, 2);
  assert.ok(said.at(-1)?.some(({ state }) => state === 'ready'));
});

test('a detector that was trained is trained anew only in its hours, also after a restart; the first time at any', async () => {
  const started: number[] = [];
  let now = 0;
  const jobs: Jobs = {
    start: (one) => {
      started.push(now);
      return inlineJobs.start(one);
    },
  };
  // It finds a training due after 180 snapshots; its hours are the sixth to the eighth.
  const mayRetrain = (at: number): boolean => at >= START + 360 * MINUTE && at < START + 480 * MINUTE;
  const make = (): StageLine => createStageLine(PLAN, detectorsFrom(registry, [])(PLAN), { jobs, mayRetrain });
  const run = async (line: StageLine, from: number, to: number): Promise<void> => {
    for (now = from; now < to; now++) await step(line, now);
  };
  const first = make();
  await run(first, 0, 345);
  assert.deepEqual(started, [WARMUP - 1], 'due since minute 308, and not yet its hour');
  const second = make();
  assert.equal(second.restore(first.save()), true);
  await run(second, 345, 800);
  assert.deepEqual(
    started,
    [WARMUP - 1, 360],
    'at the beginning of its hours, and not again when it was due after them',
  );
});

// npm run bench -- plants [--harness ../shared/harness] [--variants 11,12,13,14] [--seeds 0] [-- COMMAND...]
// The plants of the harness, changed at random, so that the control law meets some that nobody has watched while writing it: other flows,
// names, worker counts, partitions, delays, noise, limits, and other times and lengths of the faults. What is right to do stays so.
import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { seededRandom } from '../src/stats/random.ts';

type Named<T> = Record<string, T>;

/** A plant as its file says it; what is not named here is kept as it is. */
interface Plant {
  name: string;
  seed: number;
  tick: number;
  horizon: number;
  slo: number;
  sample?: { every: number; noise?: number };
  gates?: { delay: number };
  sources: Named<{ rate: number; trace?: string; from?: number }>;
  stages: Named<{
    from: string[];
    partitions?: number;
    workers?: number;
    min?: number;
    max?: number;
    rate?: number;
    startup?: number;
    calls?: string;
    hot?: unknown;
  }>;
  dependencies?: Named<{ capacity: number }>;
  backlog?: { at: string; records: number }[];
  faults?: { at: string; from: number; to: number }[];
  crash?: { from: number; to: number };
  expect?: { at?: string; act?: boolean };
}

function varied(plant: Plant, variant: number): Plant {
  const random = seededRandom(1_000 * variant + plant.seed);
  const between = (low: number, high: number): number => low + (high - low) * random();
  const oneOf = <T>(...these: readonly T[]): T => these[Math.floor(random() * these.length)] as T;
  const names: Named<string> = {
    web: oneOf('shop', 'devices', 'clicks'),
    enrich: oneOf('parse', 'join', 'clean'),
    load: oneOf('sink', 'index', 'warehouse'),
    erp: 'db',
  };
  const called = (name: string): string => names[name] ?? name;
  const [flow, crew, partitions] = [between(0.4, 3), oneOf(0.5, 1, 1, 1.5), oneOf(8, 12, 16, 24)];
  const [shift, longer] = [15 * Math.round(between(-40, 80)), between(0.75, 1.3)];
  const moved = <T extends { from: number; to: number }>(span: T): T => {
    const from = Math.max(900, span.from + shift);
    return { ...span, from, to: Math.min(plant.horizon - 1_500, from + Math.round(longer * (span.to - span.from))) };
  };
  const renamed = <T>(parts: Named<T>, of: (part: T) => T): Named<T> =>
    Object.fromEntries(Object.entries(parts).map(([name, part]) => [called(name), of(part)]));
  return {
    ...plant,
    seed: plant.seed + 100 * variant,
    slo: Math.round(plant.slo * between(0.7, 1.6)),
    sample: {
      every: plant.tick === 5 ? oneOf(10, 15, 20) : (plant.sample?.every ?? 15),
      noise: (plant.sample?.noise ?? 0.02) * between(0.8, 1.6),
    },
    gates: { delay: oneOf(5, 10, 15) },
    sources: renamed(plant.sources, (source) => ({
      ...source,
      rate: source.rate * flow * between(0.9, 1.1),
      ...(source.trace && { from: (source.from ?? 0) + Math.round(between(0, 40_000)) }),
    })),
    stages: renamed(plant.stages, (stage) => {
      const workers = Math.max(2, Math.round(crew * (stage.workers ?? 4)));
      return {
        ...stage,
        from: stage.from.map(called),
        partitions: stage.hot ? (stage.partitions ?? 12) : partitions,
        workers,
        min: Math.max(1, Math.round(crew * (stage.min ?? 1))),
        max: Math.min(partitions, Math.round(Math.max(1, crew) * (stage.max ?? 12))),
        rate: (flow * (stage.rate ?? 50) * (stage.workers ?? 4)) / workers,
        startup: oneOf(30, 60, 90),
        ...(stage.calls && { calls: called(stage.calls) }),
      };
    }),
    ...(plant.dependencies && {
      dependencies: renamed(plant.dependencies, (one) => ({ ...one, capacity: flow * one.capacity })),
    }),
    ...(plant.backlog && {
      backlog: plant.backlog.map((one) => ({ ...one, at: called(one.at), records: Math.round(flow * one.records) })),
    }),
    ...(plant.faults && { faults: plant.faults.map((fault) => moved({ ...fault, at: called(fault.at) })) }),
    ...(plant.crash && { crash: moved(plant.crash) }),
    ...(plant.expect && { expect: { ...plant.expect, ...(plant.expect.at && { at: called(plant.expect.at) }) } }),
  };
}

const { values: told, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    harness: { type: 'string', default: '../shared/harness' },
    variants: { type: 'string', default: '11,12,13,14' },
    seeds: { type: 'string', default: '0' },
  },
});
const own = [process.execPath, join(import.meta.dirname, '../bin/headgate.mjs'), 'engine'];
const command = positionals.length > 0 ? positionals : own;
const harness = join(told.harness, 'plant');
const folder = mkdtempSync(join(tmpdir(), 'headgate-plants-'));
process.on('exit', () => rmSync(folder, { recursive: true, force: true }));
for (const variant of told.variants.split(',').map(Number)) {
  const scenarios = join(folder, String(variant));
  mkdirSync(scenarios);
  for (const file of readdirSync(join(harness, 'scenarios'))) {
    const plant = JSON.parse(readFileSync(join(harness, 'scenarios', file), 'utf8')) as Plant;
    writeFileSync(join(scenarios, file), JSON.stringify(varied(plant, variant)));
  }
  console.log(`variant ${variant}`);
  const words = ['--scenarios', scenarios, '--traces', join(harness, 'traces'), '--oracle', join(folder, 'none.json')];
  const args = [join(harness, 'evaluate.mjs'), ...words, '--seeds', told.seeds, '--', ...command];
  const { status } = spawnSync(process.execPath, args, { stdio: 'inherit' });
  if (status !== 0) process.exitCode = 1;
}

import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { availableParallelism, cpus, tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { transformSync } from 'esbuild';
import { freePort, startPrometheus } from '../test/support/servers.ts';
import { writeConfig } from './config.ts';
import { installPackage } from './install.ts';
import { writeLearned } from './learned.ts';
import type { Ask, Delay } from './loop-delay.ts';
import { printTable, show } from './markdown.ts';

// npm run bench -- series [--series 100000] [--seconds 60] [--scrape 15] [--only exposition,daemon,learned]
//
// 100,000 series scraped by a real Prometheus: what that does to the event loop and the memory of the exposition alone, of the whole
// daemon, packed and installed, that watches as many stages as have so many series, while their signals warm up, and of one whose
// stages have learned all there is room for. Delay is measured inside the scraped process (loop-delay.ts).
const { values } = parseArgs({
  options: {
    series: { type: 'string', default: '100000' },
    seconds: { type: 'string', default: '60' },
    scrape: { type: 'string', default: '15' },
    only: { type: 'string', default: 'exposition,daemon,learned' },
  },
});
/** Value, two ends of the band and score of eight signals, and what a stage has once. */
const SERIES_OF_STAGE = 40;
const stages = Math.ceil(Number(values.series) / SERIES_OF_STAGE);
const here = (file: string): string => join(import.meta.dirname, file);
const folder = mkdtempSync(join(tmpdir(), 'headgate-series-'));
let bin: string | undefined;
const installed = (): string => (bin ??= installPackage(folder));
// Without its types, so that the compiler that would take them away is not part of what is measured.
const delayFile = join(folder, 'loop-delay.mjs');
writeFileSync(delayFile, transformSync(readFileSync(here('loop-delay.ts'), 'utf8'), { loader: 'ts' }).code);
const preload = ['--import', delayFile];

const ask = async (child: ChildProcess, what: Ask): Promise<Delay> => {
  child.send(what);
  return what === 'tell' ? ((await once(child, 'message')) as [Delay])[0] : { p50: 0, p99: 0, max: 0, held: 0 };
};

function memoryOf(child: ChildProcess): { now: number; peak: number } {
  const status = readFileSync(`/proc/${child.pid}/status`, 'utf8');
  const megabytes = (key: string): number => Number(new RegExp(`${key}:\\s+(\\d+) kB`).exec(status)?.[1]) / 1024;
  return { now: megabytes('VmRSS'), peak: megabytes('VmHWM') };
}

/** What Prometheus says of its last scrape, once `samples` have come that often. */
async function scraped(url: string, query: string): Promise<number> {
  const response = await fetch(`${url}/api/v1/query?query=${encodeURIComponent(query)}`);
  const { data } = (await response.json()) as { data: { result: { value: [number, string] }[] } };
  return Number(data.result[0]?.value[1] ?? Number.NaN);
}

async function measure(what: string, child: ChildProcess, port: number, warmUp: number): Promise<string[]> {
  const answers = async (): Promise<boolean> =>
    fetch(`http://127.0.0.1:${port}/healthz`).then(
      ({ ok }) => ok,
      () => false,
    );
  while (!(await answers())) {
    if (child.exitCode !== null) throw new Error(`${what} ended with ${child.exitCode}`);
    await sleep(100);
  }
  const prometheus = await startPrometheus(
    () => `
global: { scrape_interval: ${values.scrape}s, scrape_timeout: ${values.scrape}s }
scrape_configs: [{ job_name: headgate, static_configs: [{ targets: ['127.0.0.1:${port}'] }] }]`,
  );
  try {
    await sleep(warmUp);
    await ask(child, 'reset');
    await sleep(Number(values.seconds) * 1_000);
    const delay = await ask(child, 'tell');
    const memory = memoryOf(child);
    const over = `[${values.seconds}s]`;
    const samples = await scraped(prometheus.url, 'scrape_samples_scraped');
    const longest = await scraped(prometheus.url, `max_over_time(scrape_duration_seconds${over})`);
    const up = await scraped(prometheus.url, `min_over_time(up${over})`);
    const row = [delay.p50, delay.p99, delay.max, delay.held, memory.now, memory.peak, longest * 1_000];
    console.error(`${what}: ${row.map((value) => value.toFixed(1)).join(' ')} (up ${up}, ${samples} samples)`);
    return [
      what,
      String(samples),
      up === 1 ? 'all' : 'some failed',
      ...row.map((value) => show(Math.round(value * 10) / 10)),
    ];
  } finally {
    await prometheus.stop();
  }
}

async function ended(child: ChildProcess): Promise<void> {
  const gone = once(child, 'exit');
  child.kill('SIGTERM');
  const timer = setTimeout(() => child.kill('SIGKILL'), 10_000);
  await gone;
  clearTimeout(timer);
}

async function exposition(): Promise<string[]> {
  const port = await freePort();
  const child = fork(here('exposition.ts'), [String(stages), String(port)], { execArgv: preload });
  return measure('the exposition alone', child, port, 15_000).finally(() => ended(child));
}

/** @param learned the stages have a past; else they begin with nothing, and it is waited until there are bands and scores to expose */
async function daemon(learned: boolean): Promise<string[]> {
  const port = await freePort();
  const watched = fork(here('watched.ts'));
  const [told] = (await once(watched, 'message')) as [{ port: number }];
  const config = writeConfig(folder, { stages, every: '10s', port, watched: told.port });
  if (learned) await writeLearned(config);
  const child = fork(installed(), ['run', '--config', config], { execArgv: preload, silent: true });
  const what = `the daemon, ${stages} stages × 8 signals every 10 s, ${learned ? 'learned' : 'warming up'}`;
  return measure(what, child, port, learned ? 90_000 : 400_000).finally(async () => {
    await ended(child);
    watched.disconnect();
  });
}

try {
  const wanted = values.only.split(',');
  const rows = [];
  if (wanted.includes('exposition')) rows.push(await exposition());
  if (wanted.includes('daemon')) rows.push(await daemon(false));
  if (wanted.includes('learned')) rows.push(await daemon(true));
  console.log(`Node ${process.version}, ${availableParallelism()} cores of ${cpus()[0]?.model.trim()}\n`);
  const head =
    'process, samples a scrape, scrapes good, delay p50 ms, delay p99 ms (≤ 20), longest ms, longest ms of own processor time (≤ 50), RSS MB (≤ 200), at most, longest scrape ms';
  printTable(head.split(', '), rows);
} finally {
  rmSync(folder, { recursive: true, force: true });
}

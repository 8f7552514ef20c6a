import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { availableParallelism, cpus, tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { writeConfig } from './config.ts';
import { installPackage } from './install.ts';
import { writeLearned } from './learned.ts';
import { type Measured, measure } from './process.ts';
import type { Ask, Tell } from './watched.ts';

// npm run bench [-- daemon --seconds 120 --starts 10 --notices 200]
const { values } = parseArgs({
  options: {
    seconds: { type: 'string', default: '60' },
    starts: { type: 'string', default: '10' },
    notices: { type: 'string', default: '200' },
  },
});
const seconds = Number(values.seconds);
const folder = mkdtempSync(join(tmpdir(), 'headgate-bench-'));
const rows: { what: string; measured: string; wanted: string; ok: boolean }[] = [];
const PORT = 19_464;

const quantile = (sorted: readonly number[], p: number): number =>
  sorted[Math.min(sorted.length - 1, Math.ceil(p * sorted.length) - 1)] ?? Number.NaN;

function note(what: string, value: number, unit: string, wanted: number): void {
  const show = (number: number): string => `${number.toFixed(number < 10 ? 2 : 0)} ${unit}`;
  rows.push({ what, measured: show(value), wanted: `≤ ${show(wanted)}`, ok: value <= wanted });
  console.error(`${what}: ${show(value)}`);
}

/** Starts with an empty cache of compiled code, then with a full one. */
async function starts(bin: string, watched: number): Promise<void> {
  const config = writeConfig(folder, { stages: 3, every: '10s', port: PORT, watched });
  const cold: number[] = [];
  const warm: number[] = [];
  for (let index = 0; index < Number(values.starts); index += 1) {
    for (const list of [cold, warm]) {
      const daemon = await measure(bin, config, PORT, join(folder, `cache-${index}`));
      list.push(daemon.readyAfter);
      await daemon.stop();
    }
  }
  const median = (list: number[]): number =>
    quantile(
      list.sort((a, b) => a - b),
      0.5,
    );
  note(`ready, nothing cached, median of ${cold.length}`, median(cold) / 1000, 's', 1);
  note(`ready, nothing cached, slowest of ${cold.length}`, quantile(cold, 1) / 1000, 's', 1);
  note(`ready, compiled code cached, median of ${warm.length}`, median(warm) / 1000, 's', 1);
}

/** Memory with 100 stages: while they warm up, and when they have learned all there is room for. */
async function hundred(bin: string, watched: number): Promise<void> {
  for (const learned of [false, true]) {
    const config = writeConfig(folder, { stages: 100, every: '10s', port: PORT, watched });
    if (learned) await writeLearned(config);
    const daemon = await measure(bin, config, PORT, join(folder, 'cache-0'));
    await sleep(seconds * 1000);
    const what = learned ? '100 stages that have learned' : '100 stages that warm up';
    note(`resident memory, ${what}, after ${seconds} s`, daemon.memory().now, 'MB', 120);
    const ready = await daemon.metric('headgate_detector_state', 'detector="multivariate",state="ready"');
    if (learned && ready !== 100) throw new Error(`${ready ?? 'no'} stages have learned what was to be learned`);
    await daemon.stop();
  }
}

/** Processor, event loop and the way of a notice, with 1,000 stages of eight signals every 10 s. */
async function thousand(bin: string, watched: number, process: ChildProcess): Promise<void> {
  const config = writeConfig(folder, { stages: 1000, every: '10s', port: PORT, watched });
  const daemon = await measure(bin, config, PORT, join(folder, 'cache-0'));
  await sleep(20_000);
  const cpu = daemon.cpuSeconds();
  const from = performance.now();
  await sleep(seconds * 1000);
  const share = (100 * (daemon.cpuSeconds() - cpu)) / ((performance.now() - from) / 1000);
  note(`one core, 1,000 stages × 8 signals every 10 s, over ${seconds} s`, share, '%', 25);
  await loopDelay(daemon);
  note('resident memory, 1,000 stages', daemon.memory().now, 'MB', Number.POSITIVE_INFINITY);
  await notices(process);
  await daemon.stop();
}

async function loopDelay(daemon: Measured): Promise<void> {
  const delay = await daemon.metric('headgate_event_loop_delay_seconds', 'quantile="0.99"');
  note('delay of the event loop, p99', (delay ?? Number.NaN) * 1000, 'ms', 20);
}

/** Breaks two stages a second under load, and collects how long each notice took. */
async function notices(process: ChildProcess): Promise<void> {
  const wanted = Number(values.notices);
  const took: number[] = [];
  process.on('message', (message: Tell) => {
    if ('notice' in message) took.push(message.notice);
  });
  for (let index = 0; index < wanted; index += 1) {
    process.send({ break: index } satisfies Ask);
    await sleep(500);
  }
  const end = performance.now() + 60_000;
  while (took.length < wanted && performance.now() < end) await sleep(100);
  took.sort((a, b) => a - b);
  if (took.length < wanted)
    rows.push({ what: 'notices', measured: `${took.length} came`, wanted: `${wanted}`, ok: false });
  note(`answer of a probe to its notice on the socket, ${took.length} notices, p50`, quantile(took, 0.5), 'ms', 250);
  note(`answer of a probe to its notice on the socket, ${took.length} notices, p99`, quantile(took, 0.99), 'ms', 250);
}

const watched = fork(join(import.meta.dirname, 'watched.ts'));
try {
  const [{ port }] = (await once(watched, 'message')) as [{ port: number }];
  const bin = installPackage(folder);
  await starts(bin, port);
  await hundred(bin, port);
  await thousand(bin, port, watched);
  console.log(`Node ${process.version}, ${availableParallelism()} cores of ${cpus()[0]?.model.trim()}\n`);
  console.log('| what | measured | wanted |\n|---|---|---|');
  for (const { what, measured, wanted, ok } of rows) {
    console.log(`| ${what} | ${measured}${ok ? '' : ' **missed**'} | ${wanted.replace('≤ Infinity MB', '–')} |`);
  }
  if (rows.some((row) => !row.ok)) process.exitCode = 1;
} finally {
  watched.disconnect();
  rmSync(folder, { recursive: true, force: true });
}

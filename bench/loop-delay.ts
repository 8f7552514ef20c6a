import { monitorEventLoopDelay } from 'node:perf_hooks';

/**
 * Loaded into the measured process before anything else (`--import`): says on request how long its event loop was held up, by the
 * clock and in processor time of its own. The second is what it did to itself, however many others wanted the processor.
 */
export type Ask = 'reset' | 'tell';
export interface Delay {
  /** Milliseconds beyond what was waited for. */
  readonly p50: number;
  readonly p99: number;
  readonly max: number;
  /** Most milliseconds of processor time between two turns of the loop. */
  readonly held: number;
}

const RESOLUTION = 1;
const histogram = monitorEventLoopDelay({ resolution: RESOLUTION });
histogram.enable();
const beyond = (nanoseconds: number): number => Math.max(0, nanoseconds / 1e6 - RESOLUTION);

let held = 0;
let used = threadMilliseconds();
setInterval(() => {
  const now = threadMilliseconds();
  held = Math.max(held, now - used);
  used = now;
}, RESOLUTION).unref();

function threadMilliseconds(): number {
  const { user, system } = process.threadCpuUsage();
  return (user + system) / 1_000;
}

process.on('message', (ask: Ask) => {
  if (ask === 'tell') {
    const delay = { p50: histogram.percentile(50), p99: histogram.percentile(99), max: histogram.max };
    process.send?.({ p50: beyond(delay.p50), p99: beyond(delay.p99), max: beyond(delay.max), held } satisfies Delay);
  }
  if (ask === 'reset') {
    histogram.reset();
    held = 0;
  }
});
// The parent's channel alone does not keep the process alive.
process.channel?.unref();

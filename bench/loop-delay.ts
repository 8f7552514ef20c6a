import { monitorEventLoopDelay } from 'node:perf_hooks';

/** Loaded into the measured process before anything else (`--import`): says on request how long its event loop was held up. */
export type Ask = 'reset' | 'tell';
export interface Delay {
  /** Milliseconds beyond what was waited for. */
  readonly p50: number;
  readonly p99: number;
  readonly max: number;
}

const RESOLUTION = 1;
const histogram = monitorEventLoopDelay({ resolution: RESOLUTION });
histogram.enable();
const beyond = (nanoseconds: number): number => Math.max(0, nanoseconds / 1e6 - RESOLUTION);

process.on('message', (ask: Ask) => {
  if (ask === 'tell') {
    const delay = { p50: histogram.percentile(50), p99: histogram.percentile(99), max: histogram.max };
    process.send?.({ p50: beyond(delay.p50), p99: beyond(delay.p99), max: beyond(delay.max) } satisfies Delay);
  }
  if (ask === 'reset') histogram.reset();
});
// The parent's channel alone does not keep the process alive.
process.channel?.unref();

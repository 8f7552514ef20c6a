import { setFlagsFromString } from 'node:v8';

// As `headgate run` has it (bin/headgate.mjs): a young generation that grows is collected in pauses of 30 ms.
setFlagsFromString('--semi-space-growth-factor=1');

/**
 * The longest that the event loop was held while `work` ran, in milliseconds of processor time of this thread: what other
 * processes do to a busy machine does not count, what is done on the event loop does.
 */
export async function longestHold(work: () => Promise<unknown>): Promise<number> {
  let longest = 0;
  let going = true;
  let before = cpu();
  const look = (): void => {
    const now = cpu();
    longest = Math.max(longest, now - before);
    before = cpu();
    if (going) setImmediate(look);
  };
  await new Promise((resolve) => setImmediate(resolve));
  before = cpu();
  setImmediate(look);
  try {
    await work();
  } finally {
    going = false;
  }
  return Math.max(longest, cpu() - before);
}

/** Several tries; the smallest is told: a compiler or a collector that happens to come along is not the work's own. */
export async function usualHold(work: () => Promise<unknown>, tries = 3): Promise<number> {
  let least = Number.POSITIVE_INFINITY;
  for (let index = 0; index < tries; index += 1) least = Math.min(least, await longestHold(work));
  return least;
}

function cpu(): number {
  const { user, system } = process.threadCpuUsage();
  return (user + system) / 1_000;
}

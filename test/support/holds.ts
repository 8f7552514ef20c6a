import { setFlagsFromString } from 'node:v8';

// As `headgate run` has it (bin/headgate.mjs): a young generation that grows is collected in pauses of 30 ms.
setFlagsFromString('--semi-space-growth-factor=1');

/**
 * The longest that the event loop was held while `work` ran, in milliseconds of processor time of this thread: what other
 * processes do to a busy machine does not count, what is done on the event loop does.
 */
async function longestHold(work: () => Promise<unknown>): Promise<number> {
  let longest = 0;
  let going = true;
  let before = marks();
  const look = (): void => {
    longest = Math.max(longest, between(before, marks()));
    before = marks();
    if (going) setImmediate(look);
  };
  await new Promise((resolve) => setImmediate(resolve));
  before = marks();
  setImmediate(look);
  try {
    await work();
  } finally {
    going = false;
  }
  return Math.max(longest, between(before, marks()));
}

/** Where two clocks of this thread stand, in milliseconds. */
interface Marks {
  readonly cpu: number;
  readonly wall: number;
}

function marks(): Marks {
  const { user, system } = process.threadCpuUsage();
  return { cpu: (user + system) / 1_000, wall: performance.now() };
}

/** The wall's clock runs on while others run; the processor's may be ahead or behind by a tick of the kernel, 4 ms. */
const between = (from: Marks, to: Marks): number => Math.min(to.cpu - from.cpu, to.wall - from.wall);

/** No work may hold the event loop for longer, in milliseconds. */
export const HOLD_LIMIT = 20;

/**
 * Tries until the event loop was held for less than the limit, at most so many times; the shortest is told. A collector that
 * happens to come along is not the work's own, and neither is code that still waits for its compiler, a thread that gets its turn
 * late on a busy machine (until then the same work takes four times as long). What the work itself holds, it holds every time.
 *
 * @param prepare makes what a try needs; its own holds do not count
 */
export async function usualHold<Needed = void>(
  work: (needed: Needed) => Promise<unknown>,
  { tries = 10, prepare }: { readonly tries?: number; readonly prepare?: () => Promise<Needed> } = {},
): Promise<number> {
  let least = Number.POSITIVE_INFINITY;
  for (let index = 0; index < tries && least >= HOLD_LIMIT; index += 1) {
    const needed = (await prepare?.()) as Needed;
    least = Math.min(least, await longestHold(() => work(needed)));
  }
  return least;
}

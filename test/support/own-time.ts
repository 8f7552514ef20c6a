/**
 * Processor time of this thread until the work has ended, in milliseconds. The event loop goes round without a rest meanwhile: a
 * timer that the work waits for takes as much of it as of the clock, and what other processes do to a busy machine takes nothing.
 */
export async function ownTime(work: Promise<unknown>): Promise<number> {
  const before = process.threadCpuUsage();
  let ended = false;
  const end = work.finally(() => {
    ended = true;
  });
  while (!ended) await new Promise(setImmediate);
  await end;
  const { user, system } = process.threadCpuUsage(before);
  return (user + system) / 1_000;
}

/**
 * Waits until `condition` holds, asking again every `every` ms; for what other processes and sockets do.
 *
 * @throws Error that names `what` was waited for, after `within` ms.
 */
export async function until(
  condition: () => boolean | Promise<boolean>,
  { what, within = 30_000, every = 5 }: { what: string; within?: number; every?: number },
): Promise<void> {
  const end = performance.now() + within;
  while (!(await condition())) {
    if (performance.now() > end) throw new Error(`waited ${within} ms in vain until ${what}`);
    await new Promise((resolve) => setTimeout(resolve, every));
  }
}

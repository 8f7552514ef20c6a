import { HeadgateError } from '../domain/error.ts';

/**
 * The result of `work`, or `aborted` as soon as `abort` fires. The work itself is not called off; what comes of it later is
 * dropped. Leaves no listener on `abort`.
 *
 * @param what what is being waited for, for the message.
 */
export function unlessAborted<T>(work: Promise<T>, abort: AbortSignal, what: string): Promise<T> {
  const { promise, resolve, reject } = Promise.withResolvers<T>();
  const giveUp = (): void => reject(new HeadgateError('aborted', `${what}: given up`));
  if (abort.aborted) giveUp();
  abort.addEventListener('abort', giveUp, { once: true });
  work.then(resolve, reject).finally(() => abort.removeEventListener('abort', giveUp));
  return promise;
}

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

/**
 * Signals that all fire with `abort`, handed out in turn. Node looks through the listeners of a signal whenever one is added or
 * removed: where a thousand calls wait on a single one, that alone took a twentieth of the processor time.
 */
export function spread(abort: AbortSignal, count: number): () => AbortSignal {
  const controllers = Array.from({ length: count }, () => new AbortController());
  const fire = (): void => {
    for (const controller of controllers) controller.abort(abort.reason);
  };
  if (abort.aborted) fire();
  else abort.addEventListener('abort', fire, { once: true });
  let next = 0;
  return () => (controllers[next++ % count] as AbortController).signal;
}

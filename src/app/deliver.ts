import type { HeadgateError } from '../domain/error.ts';
import type { Notice } from '../domain/notice.ts';
import type { Change, Clock, Events, OutboxItem } from '../domain/ports.ts';
import type { Notifier } from '../kit/component.ts';
import type { Traced } from '../telemetry/tracing.ts';
import { type Audience, isForInsiders } from './audience.ts';

const nameOf = (item: OutboxItem): string => item.lane.slice(item.lane.indexOf(':') + 1);

export interface Post {
  readonly clock: Clock;
  readonly events: Events;
  readonly traced: Traced;
  readonly audience: Audience;
  notifier(name: string): Notifier | undefined;
}

/**
 * Hands one notice to its notifier, and answers with who knows of the incident now. A notifier that is gone from the config can
 * be owed nothing any more; the end of an incident is not told to who was never told that it began.
 */
export async function deliver(item: OutboxItem, post: Post, abort: AbortSignal): Promise<readonly Change[]> {
  const name = nameOf(item);
  const notice = item.body as unknown as Notice;
  const notifier = post.notifier(name);
  if (!notifier) return [];
  if (isForInsiders(notice) && !post.audience.has(notice.incident.id, name)) return [];
  const began = post.clock.monotonic();
  await post.traced('notify', { notifier: name, change: notice.change }, () =>
    notifier.send(notice, item.attempts + 1, abort),
  );
  announce(item, post, (post.clock.monotonic() - began) / 1_000, undefined, false);
  return post.audience.took(notice, name);
}

/** Says that an attempt failed, and whether it was the last. */
export function undelivered(item: OutboxItem, post: Post, error: HeadgateError, gaveUp: boolean): void {
  announce(item, post, 0, error, gaveUp);
}

function announce(
  item: OutboxItem,
  post: Post,
  seconds: number,
  error: HeadgateError | undefined,
  gaveUp: boolean,
): void {
  const notice = item.body as unknown as Notice;
  const ageSeconds = Math.max(0, post.clock.now() - notice.at) / 1_000;
  post.events.notified({
    notifier: nameOf(item),
    notice,
    attempt: item.attempts + 1,
    seconds,
    ageSeconds,
    error,
    gaveUp,
  });
}

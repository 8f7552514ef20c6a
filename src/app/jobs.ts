import type { Config } from '../config/config.ts';
import type { Clock, Store } from '../domain/ports.ts';
import { HOUR } from '../domain/time.ts';
import { dailyDigest } from '../engine/digest.ts';
import { noticeItem } from '../engine/notify.ts';
import type { CalendarJob } from './calendar.ts';
import type { Daemon } from './daemon.ts';

/** So many incidents are looked through for a digest. */
const MOST = 1_000;
const BREATH_MS = 20;

/** What a config has the calendar do: roll up and delete, and tell the last day in one notice. */
export function calendarJobs(config: Config, daemon: Daemon, store: Store, clock: Clock): readonly CalendarJob[] {
  const retention: CalendarJob = {
    name: 'retention',
    cron: '*/10 * * * *',
    timezone: 'UTC',
    run: () => maintain(store, clock, config),
  };
  const digests = config.digests.map(
    ({ cron, timezone, to }, index): CalendarJob => ({
      name: `digest-${index + 1}`,
      cron,
      timezone,
      run: () => digest(to, daemon, store, clock),
    }),
  );
  return [retention, ...digests];
}

/** A digest is owed like every other notice: durable first, then sent, and tried again. */
async function digest(to: readonly string[], daemon: Daemon, store: Store, clock: Clock): Promise<void> {
  const notice = dailyDigest(await store.incidents({ limit: MOST }), clock.now());
  if (!notice) return;
  const items = to.map((name) => noticeItem(notice, name));
  await daemon.journal.commit(items.map((item) => ({ put: 'outbox', item })));
  daemon.outbox.add(items);
}

/** Rolls samples up and deletes what is too old, slice by slice with a breath in between. */
async function maintain(store: Store, clock: Clock, config: Config): Promise<void> {
  const end = clock.now() + HOUR;
  while (!(await store.maintain(clock.now(), config.retention)) && clock.now() < end)
    await new Promise((resolve) => setTimeout(resolve, BREATH_MS));
}

import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { maintenanceCalendar, retrainingCalendar, startCalendar } from '../../src/app/calendar.ts';
import type { WindowPlan } from '../../src/domain/plan.ts';
import { HOUR, MINUTE } from '../../src/domain/time.ts';
import { until } from '../support/until.ts';

const nightly = (more: Partial<WindowPlan> = {}): WindowPlan => ({
  name: 'night',
  cron: '30 2 * * *',
  timezone: 'Europe/Berlin',
  duration: 2 * HOUR,
  pipelines: [],
  stages: [],
  ...more,
});
/** 2026-01-05 in Berlin, an hour ahead of UTC. */
const at = (hour: number, minute = 0): number => Date.UTC(2026, 0, 5, hour - 1, minute);

describe('a window', () => {
  const inWindow = (isOpen: (stage: 'p.a', now: number) => boolean): readonly boolean[] =>
    [at(2, 29), at(2, 30), at(4, 29), at(4, 30)].map((now) => isOpen('p.a', now));

  test('is open from the minute of its expression for as long as it lasts, in its own time zone', () => {
    assert.deepEqual(inWindow(maintenanceCalendar([nightly()])), [false, true, true, false]);
    assert.deepEqual(inWindow(retrainingCalendar([nightly()])), [false, true, true, false]);
  });

  test('is the same whoever asks, in whatever order: a replay is answered as the daemon was', () => {
    const moments = Array.from({ length: 300 }, (_, index) => at(0) + index * MINUTE);
    const [one, other] = [retrainingCalendar([nightly()]), retrainingCalendar([nightly()])];
    const forwards = moments.map((now) => one('p.a', now));
    const backwards = moments.toReversed().map((now) => other('p.a', now));
    assert.deepEqual(backwards.reverse(), forwards);
    assert.equal(forwards.filter(Boolean).length, 120);
  });

  test('that does not exist in the night in which summer time begins is left out, not moved', () => {
    const isOpen = maintenanceCalendar([nightly({ duration: HOUR })]);
    const night = Array.from({ length: 360 }, (_, minute) => Date.UTC(2026, 2, 29) + minute * MINUTE);
    assert.equal(night.filter((now) => isOpen('p.a', now)).length, 0);
  });

  test('is for the stages and pipelines it names; who has no window may train at any time', () => {
    const may = retrainingCalendar([nightly({ pipelines: ['p'] }), nightly({ stages: ['q.b'], cron: '0 12 * * *' })]);
    assert.deepEqual(
      [may('p.a', at(3)), may('p.a', at(12)), may('q.b', at(3)), may('q.b', at(12)), may('q.c', at(8))],
      [true, false, false, true, true],
    );
  });
});

test('a job of the calendar that fails is told, and stop waits for the one that runs', async () => {
  const failed: string[] = [];
  let runs = 0;
  const work = Promise.withResolvers<void>();
  const every = { cron: '* * * * * *', timezone: 'UTC' };
  const calendar = startCalendar(
    [
      { ...every, name: 'broken', run: () => Promise.reject(new Error('disk')) },
      {
        ...every,
        name: 'long',
        run: () => {
          runs += 1;
          return work.promise;
        },
      },
    ],
    (job) => failed.push(job),
  );
  await until(() => failed.length > 1 && runs > 0, { what: 'both have run', within: 60_000 });
  assert.ok(failed.every((job) => job === 'broken'));
  assert.equal(runs, 1, 'never two runs of one job at a time');
  let stopped = false;
  const stopping = calendar.stop().then(() => {
    stopped = true;
  });
  await new Promise((resolve) => setImmediate(resolve));
  assert.equal(stopped, false);
  work.resolve();
  await stopping;
});

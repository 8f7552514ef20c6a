import cron, { type ScheduledTask } from 'node-cron';
import type { WindowPlan } from '../domain/plan.ts';
import { pipelineOf, type StageId } from '../domain/stage.ts';
import { type EpochMs, MINUTE } from '../domain/time.ts';

/**
 * Says whether a stage is inside a maintenance window. A window begins where its cron expression matches a minute in its own
 * time zone, so daylight saving is the calendar's business; windows that began before the process did count too.
 * Cost: one match for each minute of the window's length, once a minute.
 */
export function maintenanceCalendar(plans: readonly WindowPlan[]): (stage: StageId, now: EpochMs) => boolean {
  const windows = plans.map((plan) => ({ plan, isOpen: openMinutes(plan) }));
  return (stage, now) => windows.some(({ plan, isOpen }) => covers(plan, stage) && isOpen(now));
}

/**
 * Says whether the detectors of a stage may train anew at a moment: at any where no window is for the stage, else inside one. It
 * knows no clock, so that a replay trains when the daemon did.
 */
export function retrainingCalendar(plans: readonly WindowPlan[]): (stage: StageId, now: EpochMs) => boolean {
  const windows = plans.map((plan) => ({ plan, isOpen: openMinutes(plan) }));
  return (stage, now) => {
    const mine = windows.filter(({ plan }) => covers(plan, stage));
    return mine.length === 0 || mine.some(({ isOpen }) => isOpen(now));
  };
}

const covers = (plan: WindowPlan, stage: StageId): boolean =>
  (plan.pipelines.length === 0 && plan.stages.length === 0) ||
  plan.pipelines.includes(pipelineOf(stage)) ||
  plan.stages.includes(stage);

function openMinutes(plan: WindowPlan): (now: EpochMs) => boolean {
  const task = cron.createTask(plan.cron, () => {}, { timezone: plan.timezone });
  let minute = -1;
  let open = false;
  return (now) => {
    const current = Math.floor(now / MINUTE);
    if (current === minute) return open;
    minute = current;
    open = false;
    for (let back = 0; back * MINUTE < plan.duration && !open; back++)
      open = task.match(new Date((current - back) * MINUTE));
    return open;
  };
}

export interface CalendarJob {
  readonly name: string;
  /** Five fields. */
  readonly cron: string;
  readonly timezone: string;
  readonly run: () => Promise<void>;
}

/** Runs calendar work (retention, reports): never two runs of one job at a time, failures are told and the next run comes. */
export function startCalendar(
  jobs: readonly CalendarJob[],
  failed: (job: string, error: unknown) => void,
): { stop(): Promise<void> } {
  const quiet = () => {};
  cron.setLogger({ info: quiet, warn: quiet, error: quiet, debug: quiet });
  const running = new Set<Promise<void>>();
  const tasks: ScheduledTask[] = jobs.map((job) =>
    cron.schedule(
      job.cron,
      () => {
        const run = job.run().catch((error: unknown) => failed(job.name, error));
        running.add(run);
        void run.finally(() => running.delete(run));
        return run;
      },
      { name: job.name, noOverlap: true, timezone: job.timezone },
    ),
  );
  return {
    async stop() {
      await Promise.all(tasks.map((task) => task.destroy()));
      await Promise.allSettled(running);
    },
  };
}

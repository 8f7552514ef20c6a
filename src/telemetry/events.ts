import { trace } from '@opentelemetry/api';
import type { Events } from '../domain/ports.ts';
import { describeError, type Log } from './log.ts';

export interface EventsParts {
  readonly log: Log;
  /** The metrics' ear; see `createRecorder`. It hears first. */
  readonly record: Partial<Events>;
  readonly listeners?: readonly Partial<Events>[];
}

export interface EventsHub {
  readonly events: Events;
  /** Hears everything from now on. A listener that throws is logged and goes on hearing. */
  subscribe(listener: Partial<Events>): () => void;
}

type Name = keyof Events;
type Of<Event extends Name> = Parameters<Events[Event]>[0];

/**
 * One function for each event: metric, log line, span, and everybody who subscribed. What happens every tick is a metric
 * and no log line; of a probe only the change from answer to no answer and back is said.
 */
export function createEvents({ log, record, listeners = [] }: EventsParts): EventsHub {
  const hearing = new Set<Partial<Events>>([record, ...listeners]);
  const tell = <Event extends Name>(name: Event, event: Of<Event>): void => {
    for (const listener of hearing) {
      try {
        (listener[name] as ((event: Of<Event>) => void) | undefined)?.(event);
      } catch (thrown) {
        log.error({ event: name, err: thrown }, 'a listener of events failed');
      }
    }
  };
  const lines = linesOf(log);
  const announce =
    <Event extends Name>(name: Event) =>
    (event: Of<Event>): void => {
      tell(name, event);
      (lines[name] as ((event: Of<Event>) => void) | undefined)?.(event);
    };
  return {
    events: {
      probed: announce('probed'),
      slotsSkipped: announce('slotsSkipped'),
      judged: announce('judged'),
      standingChanged: announce('standingChanged'),
      incidentChanged: announce('incidentChanged'),
      decided: announce('decided'),
      leaseChanged: announce('leaseChanged'),
      acted: announce('acted'),
      notified: announce('notified'),
      outbox: announce('outbox'),
      storeDegraded: announce('storeDegraded'),
      discovered: announce('discovered'),
      relearning: announce('relearning'),
      seeded: announce('seeded'),
      configLoaded: announce('configLoaded'),
      lifecycle: announce('lifecycle'),
      failed: announce('failed'),
    },
    subscribe: (listener) => {
      hearing.add(listener);
      return () => void hearing.delete(listener);
    },
  };
}

/** What is said of each event in log and span. Messages are static; the data is in the object. */
function linesOf(log: Log): Partial<Events> {
  const silent = new Set<string>();
  const lastNo = new Map<string, string>();
  return {
    probed({ stage, probe, source, gap }) {
      const key = `${stage} ${probe}`;
      if (gap) mark({ 'headgate.gap': gap.code });
      if (gap === undefined ? !silent.delete(key) : silent.has(key)) return;
      if (gap === undefined) log.info({ stage, probe, source }, 'probe answers again');
      else {
        silent.add(key);
        log.warn({ stage, probe, source, code: gap.code, why: gap.message }, 'probe gives no answer');
      }
    },
    slotsSkipped: ({ stage, count }) => log.warn({ stage, count }, 'probe is slower than its interval; slots skipped'),
    judged({ verdict, previous, frozen }) {
      mark({ 'headgate.stage': verdict.stage, 'headgate.verdict': verdict.state, 'headgate.frozen': frozen });
      if (previous === undefined || previous.state === verdict.state) return;
      const why = verdict.because.slice(0, 3).map(({ subject, detector, value }) => ({ subject, detector, value }));
      log.info({ stage: verdict.stage, from: previous.state, to: verdict.state, why }, 'verdict changed');
    },
    standingChanged({ subject, detector, demotion }) {
      if (demotion)
        log.warn({ subject, detector, ...demotion }, 'detector demoted to tickets; it overspent its budget');
      else log.info({ subject, detector }, 'detector may page again');
    },
    incidentChanged({ incident, change }) {
      const { id, root, severity, cause, state, affected } = incident;
      const say = change.kind === 'opened' || change.kind === 'severity-raised' ? log.warn : log.info;
      say({ incident: id, change: change.kind, root, severity, cause, state, affected }, 'incident changed');
    },
    decided({ decision }) {
      const { policy, stage, kind, reason, incident, lease, request, because } = decision;
      mark({ 'headgate.policy': policy, 'headgate.decision': kind, 'headgate.reason': reason });
      const key = `${policy} ${stage}`;
      // The same no at every tick is said once.
      const news = kind !== 'withhold' || lastNo.get(key) !== reason;
      if (kind === 'withhold') lastNo.set(key, reason);
      else lastNo.delete(key);
      const data = { policy, stage, decision: kind, reason, incident, lease, request, because };
      if (news && kind !== 'renew') log.info(data, 'decided');
      else log.debug(data, 'decided as before');
    },
    leaseChanged({ lease }) {
      const { id, policy, stage, actuator, request, state, why, expiresAt, error } = lease;
      const data = { lease: id, policy, stage, actuator, request, state, why, until: isoTime(expiresAt), error };
      if (state === 'failed') log.error(data, 'lease failed');
      else log.info(data, 'lease changed');
    },
    acted({ lease, step, seconds, error }) {
      const { id, stage, actuator } = lease;
      mark({ 'headgate.actuator': actuator, 'headgate.step': step, 'headgate.outcome': error?.code ?? 'ok' });
      const data = { lease: id, stage, actuator, step, seconds };
      if (error) log.warn({ ...data, err: error }, 'gate could not be moved');
      else log.debug(data, 'gate moved');
    },
    notified({ notifier, notice, attempt, seconds, error, gaveUp }) {
      const data = {
        notifier,
        notice: notice.key,
        incident: notice.incident.id,
        change: notice.change,
        attempt,
        seconds,
      };
      if (gaveUp) log.error({ ...data, err: error }, 'notice given up');
      else if (error) log.warn({ ...data, err: error }, 'notice not sent; will be tried again');
      else log.info(data, 'notice sent');
    },
    storeDegraded: ({ degraded, message }) =>
      degraded ? log.error({ why: message }, 'store fails; going on without it') : log.info({}, 'store works again'),
    discovered: ({ message }) => log.info({ what: message }, 'stages follow what was discovered'),
    relearning: ({ detector, why, stages, stage }) =>
      log.warn({ detector, reason: why, stages, first: stage }, 'detector learns anew what it knew'),
    seeded: ({ over, ...event }) =>
      log.info(
        event,
        over && event.share === 1
          ? 'the past is learned'
          : over
            ? 'the past was not learned'
            : 'learning from the past',
      ),
    configLoaded: ({ ok, message }) =>
      ok
        ? log.info({ what: message }, 'config loaded')
        : log.error({ why: message }, 'config refused; the old one stays'),
    lifecycle: ({ phase, message }) => log.info({ phase, what: message }, 'life cycle'),
    failed({ what, error }) {
      mark({ 'headgate.error': error.code });
      trace.getActiveSpan()?.addEvent('failure', { what, ...pick(describeError(error)) });
      log.error({ what, err: error }, 'failed');
    },
  };
}

/** Puts attributes on the span that is running, if one is. */
const mark = (attributes: Record<string, string | number | boolean>): void => {
  trace.getActiveSpan()?.setAttributes(attributes);
};

const pick = (error: Record<string, unknown>): Record<string, string> => ({
  code: String(error.code ?? 'internal'),
  message: String(error.message),
});

const isoTime = (at: number): string => (Math.abs(at) <= 8.64e15 ? new Date(at).toISOString() : 'never');

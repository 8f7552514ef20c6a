import type { Incident, IncidentChange } from '../domain/incident.ts';
import type { Json } from '../domain/json.ts';
import { isInForce } from '../domain/lease.ts';
import type { Notice } from '../domain/notice.ts';
import type { Change, Clock, CommandResult, Commands, Store } from '../domain/ports.ts';
import { partOfSubject, stageOfSubject } from '../domain/subject.ts';
import { auditOf } from '../engine/changes.ts';
import { noticeItem } from '../engine/notify.ts';
import type { Daemon } from './daemon.ts';
import { holdOffKey, modeKey, STOPPED_KEY } from './recall.ts';

const DONE: CommandResult = { ok: true };
const notFound = (message: string): CommandResult => ({ ok: false, code: 'not-found', message });

/** What people and programs may ask of the daemon. Everything that is done stands in the audit log with who asked. */
export function createCommands(daemon: () => Daemon, store: Store, clock: Clock): Commands {
  const audit = (by: string, action: string, detail: Json): Change => ({
    put: 'audit',
    entry: auditOf(clock.now(), by, action, detail),
  });
  const amend = async (
    id: string,
    by: string,
    change: IncidentChange,
    make: (incident: Incident) => Incident,
  ): Promise<CommandResult> => {
    const incident = daemon().engine.incident(id) ?? (await store.incidents({ id, limit: 1 }))[0];
    if (!incident) return notFound(`there is no incident ${id}`);
    await daemon().amend(make(incident), change, [audit(by, change.kind, { incident: id })]);
    return DONE;
  };
  const setting = (key: string, value: Json): Change => ({ put: 'setting', key, value });

  return {
    async releaseLease(id, { by, reason, holdOff }) {
      const { engine } = daemon();
      const lease = engine.lease(id);
      if (!lease || !isInForce(lease)) return notFound(`lease ${id} is not in force`);
      const until = clock.now() + holdOff;
      const more = [audit(by, 'release', { lease: id, reason }), setting(holdOffKey(lease.policy), until)];
      await daemon().carry(
        engine.release((one) => one.id === id, 'by-hand', `released by ${by}: ${reason}`, clock.now(), holdOff),
        more,
      );
      return DONE;
    },
    async stopActing({ by, reason }) {
      const { engine } = daemon();
      engine.stopActing(true);
      const more = [audit(by, 'stop-acting', { reason }), setting(STOPPED_KEY, true)];
      await daemon().carry(
        engine.release(() => true, 'by-hand', `all actions stopped by ${by}: ${reason}`, clock.now()),
        more,
      );
      return DONE;
    },
    async resumeActing({ by }) {
      daemon().engine.stopActing(false);
      await daemon().journal.commit([audit(by, 'resume-acting', {}), setting(STOPPED_KEY, false)]);
      return DONE;
    },
    acknowledge: (id, { by }) =>
      amend(id, by, { kind: 'acknowledged' }, (incident) => ({ ...incident, acknowledgedBy: by })),
    mute: (id, { by, until }) => amend(id, by, { kind: 'muted' }, (incident) => ({ ...incident, mutedUntil: until })),
    label: (id, { by, label }) => amend(id, by, { kind: 'labelled' }, (incident) => ({ ...incident, label })),
    note: (id, { by, text }) =>
      amend(id, by, { kind: 'noted' }, (incident) => ({
        ...incident,
        notes: [...incident.notes, { at: clock.now(), by, text }],
      })),
    async accept(subject, { by }) {
      const { engine } = daemon();
      const stage = stageOfSubject(subject);
      const line = engine.line(stage);
      if (!line) return notFound(`there is no stage ${stage}`);
      const known = new Set(line.last?.scores.map((score) => score.subject));
      if (!known.has(subject)) {
        const parts = [...known].map(partOfSubject).sort();
        const has = parts.length > 0 ? `it has ${parts.join(', ')}` : 'it was not seen yet';
        return notFound(`nothing named ${partOfSubject(subject)} is scored at stage ${stage}; ${has}`);
      }
      engine.accept(subject, clock.now());
      await daemon().journal.commit([audit(by, 'accept', { subject })]);
      return DONE;
    },
    async promote(policy, { by, mode }) {
      const { engine } = daemon();
      const plan = engine.plan.policies.find((one) => one.name === policy);
      if (!plan || !engine.setMode(policy, mode)) return notFound(`there is no policy ${policy}`);
      // Bound to the fingerprint: a policy that is written anew starts again in the mode that is written.
      await daemon().journal.commit([audit(by, 'promote', { policy, mode }), setting(modeKey(plan), mode)]);
      return DONE;
    },
    async testNotice(notifier, { by }) {
      const at = clock.now();
      if (!daemon().world.notifiers.has(notifier)) return notFound(`there is no notifier ${notifier}`);
      const item = noticeItem(testNotice(at), notifier);
      await daemon().journal.commit([audit(by, 'test-notice', { notifier }), { put: 'outbox', item }]);
      daemon().outbox.add([item]);
      return DONE;
    },
  };
}

function testNotice(at: number): Notice {
  const text = 'Test from Headgate; nothing is wrong.';
  const incident: Incident = {
    id: '0',
    pipeline: 'test',
    root: 'test.test',
    affected: ['test.test'],
    severity: 'warning',
    cause: 'unknown',
    state: 'resolved',
    openedAt: at,
    resolvedAt: at,
    because: [],
    rootMoved: false,
    notes: [],
  };
  const story = { headline: text, wrong: text, also: '', done: '', next: '' };
  return { key: `headgate-test-${at}`, at, change: 'test', severity: 'info', incident, leases: [], story };
}

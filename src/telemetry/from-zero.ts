import type { Decision } from '../domain/decision.ts';
import type { ReleaseReason } from '../domain/lease.ts';
import type { View } from '../domain/ports.ts';
import { pipelineOf, stageNameOf } from '../domain/stage.ts';
import type { Metrics } from './metrics.ts';

const RELEASES: Readonly<Record<ReleaseReason, true>> = {
  recovered: true,
  expired: true,
  overridden: true,
  ineffective: true,
  'by-hand': true,
  'policy-changed': true,
  shutdown: true,
  'could-not-apply': true,
};
const WHYS = Object.keys(RELEASES) as ReleaseReason[];

/** Decisions that are made once and not at every look. */
const RARE: readonly (readonly [Decision['kind'], string])[] = [
  ['engage', 'keep-broken'],
  ['engage', 'keep-at-risk'],
  ...WHYS.map((why) => ['release', why] as const),
];

/**
 * Counters of rare events begin at 0 before the first event: `increase()` sees no step in a series that begins at 1, so the first
 * page, the first gate held and the first failure to move it would be missing from every panel and rule.
 */
export function countFromZero(metrics: Metrics, view: View): void {
  const zero = (name: Parameters<Metrics['count']>[0], labels: readonly string[]) => metrics.count(name, labels, 0);
  for (const { name } of view.health().notifiers) {
    zero('headgate_notification_sent_total', [name]);
    zero('headgate_notification_given_up_total', [name]);
  }
  for (const { pipeline } of view.budgets()) {
    zero('headgate_slots_skipped_total', [pipeline]);
    for (const severity of ['warning', 'critical']) zero('headgate_incidents_total', [pipeline, severity]);
  }
  for (const why of WHYS) zero('headgate_lease_released_total', [why]);
  for (const { name, gates } of view.policies()) {
    for (const { stage, actuator } of gates) {
      for (const step of ['apply', 'revert']) zero('headgate_actions_total', [actuator, step, 'ok']);
      for (const [kind, reason] of RARE)
        zero('headgate_decisions_total', [pipelineOf(stage), stageNameOf(stage), name, kind, reason]);
    }
  }
}

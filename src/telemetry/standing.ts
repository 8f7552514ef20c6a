import type { Incident } from '../domain/incident.ts';
import { isInForce, type Lease } from '../domain/lease.ts';
import type { Score } from '../domain/score.ts';
import type { StageId } from '../domain/stage.ts';
import { SECOND } from '../domain/time.ts';
import type { Metrics } from './metrics.ts';

/** Ended leases remembered, so that one is not counted twice. */
const ENDED = 1_000;

/** A stage may read one source several times; the source answers where all of its probes do. */
export function createProbes({ stages }: Metrics) {
  const known = new Map<StageId, Map<string, Map<string, boolean>>>();
  return {
    note(stage: StageId, source: string, probe: string, ok: boolean): void {
      const sources = known.get(stage) ?? new Map<string, Map<string, boolean>>();
      const probes = sources.get(source) ?? new Map<string, boolean>();
      known.set(stage, sources.set(source, probes.set(probe, ok)));
      stages.put(
        'headgate_probe_success',
        stage,
        [...sources].map(([name, answers]) => [[name], [...answers.values()].every(Boolean) ? 1 : 0]),
      );
    },
    clear(): void {
      known.clear();
      stages.clear('headgate_probe_success');
    },
  };
}

/** Leases in force, as gauges of their gate. A gate that was held once keeps its 0, so that the next hold is a change. */
export function createLeases(metrics: Metrics) {
  const held = new Map<string, Lease>();
  const seen = new Map<StageId, Map<string, readonly [policy: string, actuator: string]>>();
  const ended = new Set<string>();

  function show(stage: StageId): void {
    const here = [...held.values()].filter((lease) => lease.stage === stage);
    const rows = [...(seen.get(stage)?.values() ?? [])].map((labels) => ({
      labels,
      leases: here.filter(({ policy, actuator }) => policy === labels[0] && actuator === labels[1]),
    }));
    metrics.stages.put(
      'headgate_lease_active',
      stage,
      rows.map(({ labels, leases }) => [labels, leases.length]),
    );
    metrics.stages.put(
      'headgate_lease_expires_timestamp_seconds',
      stage,
      rows.flatMap(({ labels, leases }) => {
        const first = Math.min(...leases.map(({ expiresAt }) => expiresAt));
        return Number.isFinite(first) ? [[labels, first / SECOND] as const] : [];
      }),
    );
  }

  return {
    note(lease: Lease): void {
      const { id, stage, policy, actuator, state, why } = lease;
      const labels = seen.get(stage) ?? new Map<string, readonly [string, string]>();
      seen.set(stage, labels.set(`${policy}\u0000${actuator}`, [policy, actuator]));
      if (isInForce(lease) && state !== 'pending') held.set(id, lease);
      else held.delete(id);
      if (state === 'released' && !ended.has(id)) {
        metrics.count('headgate_lease_released_total', [why ?? 'unknown']);
        ended.add(id);
        const [oldest] = ended;
        if (ended.size > ENDED && oldest !== undefined) ended.delete(oldest);
      }
      show(stage);
    },
  };
}

/** Open incidents by root and severity. A root that had one keeps its 0, so that the next opening is a change. */
export function createIncidents({ stages }: Metrics) {
  const open = new Map<string, Incident>();
  const seen = new Map<StageId, Set<Incident['severity']>>();

  function show(root: StageId): void {
    const here = [...open.values()].filter((incident) => incident.root === root);
    stages.put(
      'headgate_incident_open',
      root,
      [...(seen.get(root) ?? [])].map((severity) => [
        [severity],
        here.filter((one) => one.severity === severity).length,
      ]),
    );
  }

  return {
    note(incident: Incident): void {
      const before = open.get(incident.id);
      if (incident.state === 'resolved') open.delete(incident.id);
      else open.set(incident.id, incident);
      seen.set(incident.root, (seen.get(incident.root) ?? new Set()).add(incident.severity));
      show(incident.root);
      if (before && before.root !== incident.root) show(before.root);
    },
  };
}

/** Subjects of each detector by state, over all stages. */
export function createDetectorStates(metrics: Metrics) {
  const known = new Map<StageId, ReadonlyMap<string, number>>();
  const totals = new Map<string, number>();
  const add = (counts: ReadonlyMap<string, number> | undefined, sign: number): void => {
    for (const [key, count] of counts ?? []) {
      const total = (totals.get(key) ?? 0) + sign * count;
      totals.set(key, total);
      metrics.set('headgate_detector_state', key.split(' '), total);
    }
  };
  const forget = (stage: StageId): void => {
    add(known.get(stage), -1);
    known.delete(stage);
  };
  return {
    note(stage: StageId, scores: readonly Score[]): void {
      const counts = new Map<string, number>();
      for (const { detector, state } of scores) {
        const key = `${detector} ${state}`;
        counts.set(key, (counts.get(key) ?? 0) + 1);
      }
      const before = known.get(stage);
      if (before?.size === counts.size && [...counts].every(([key, count]) => before.get(key) === count)) return;
      forget(stage);
      known.set(stage, counts);
      add(counts, 1);
    },
    keepOnly(stages: ReadonlySet<StageId>): void {
      for (const stage of [...known.keys()]) if (!stages.has(stage)) forget(stage);
    },
  };
}

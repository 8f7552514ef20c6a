import type { ApiIncident, ApiSeries, ApiStage } from '../../server/api.ts';
import { epoch } from '../text/time.ts';

/** A stretch of time in one state; `from` and `to` in milliseconds since 1970. */
export interface Stretch {
  readonly from: number;
  readonly to: number;
  readonly state: 'ok' | 'warning' | 'critical' | 'unknown' | 'learning';
}

/** Runs of time in which no signal of the stage had a value; a run shorter than two steps is not one. */
export function gapsOf(series: ApiSeries, only?: string): { readonly from: number; readonly to: number }[] {
  const signals = series.signals.filter((signal) => only === undefined || signal.signal === only);
  const at = signals[0]?.at ?? [];
  const silent = at.map((_, index) => signals.every((signal) => signal.value[index] == null));
  const gaps: { from: number; to: number }[] = [];
  let start = -1;
  for (let index = 0; index <= at.length; index += 1) {
    if (silent[index]) {
      if (start < 0) start = index;
      continue;
    }
    if (start >= 0 && index - start >= 2)
      gaps.push({ from: at[start] as number, to: at[index] ?? (at.at(-1) as number) });
    start = -1;
  }
  return gaps;
}

const stateIn = (incident: ApiIncident, stage: string): Stretch['state'] =>
  incident.root === stage ? incident.severity : 'warning';

const isTrouble = (stage: ApiStage): boolean => stage.verdict === 'warning' || stage.verdict === 'critical';

interface Layer {
  readonly from: number;
  readonly to: number;
  readonly state: Stretch['state'];
}

function layersOf(
  stage: ApiStage,
  incidents: readonly ApiIncident[],
  series: ApiSeries | undefined,
  to: number,
): Layer[] {
  const layers: Layer[] = [];
  for (const incident of incidents) {
    if (!incident.affected.includes(stage.id)) continue;
    // While a stage below the root is still in trouble, its own verdict says better since when.
    if (incident.state !== 'resolved' && incident.root !== stage.id && isTrouble(stage)) continue;
    const end = incident.resolvedAt ? epoch(incident.resolvedAt) : to;
    layers.push({ from: epoch(incident.openedAt), to: end, state: stateIn(incident, stage.id) });
  }
  if (series) for (const gap of gapsOf(series)) layers.push({ ...gap, state: 'unknown' });
  // What the daemon says of the present is exact; it covers all that was put together from marks.
  if (stage.since) layers.push({ from: epoch(stage.since), to, state: stage.verdict });
  return layers;
}

/**
 * The states of one stage between two times, oldest first, without holes. The present verdict is the daemon's own; what lies
 * before it is put together from incidents and from gaps in the series, since verdicts of the past are not kept.
 */
export function ribbonOf(
  stage: ApiStage,
  incidents: readonly ApiIncident[],
  series: ApiSeries | undefined,
  from: number,
  to: number,
): Stretch[] {
  const layers = layersOf(stage, incidents, series, to);
  const edges = [from, to, ...layers.flatMap((layer) => [layer.from, layer.to])]
    .filter((edge) => edge >= from && edge <= to)
    .sort((a, b) => a - b);
  const stretches: Stretch[] = [];
  for (let index = 0; index + 1 < edges.length; index += 1) {
    const [start, end] = [edges[index] as number, edges[index + 1] as number];
    if (end <= start) continue;
    const middle = (start + end) / 2;
    const state = layers.findLast((layer) => layer.from <= middle && middle < layer.to)?.state ?? 'ok';
    const last = stretches.at(-1);
    if (last?.state === state) stretches[stretches.length - 1] = { ...last, to: end };
    else stretches.push({ from: start, to: end, state });
  }
  return stretches;
}

import type { ApiIncident, ApiLease, ApiStage } from '../../server/api.ts';
import { Chart } from '../chart/chart.tsx';
import type { Marks } from '../chart/marks.ts';
import { excludedOf, outlookOf } from '../model/ahead.ts';
import { gateText, nameOf } from '../model/names.ts';
import { gapsOf } from '../model/ribbon.ts';
import { expectedText, isOutside, valueText } from '../model/row.ts';
import { leadingSignal } from '../model/state.ts';
import { clock, epoch } from '../text/time.ts';
import { usePage } from './page.ts';

const MINUTE = 60_000;

/** When the daemon says the backlog will be gone, from its own `drain_seconds`; undefined where it does not say. */
function drainedAt(stage: ApiStage | undefined, now: number): number | undefined {
  const drain = stage?.signals.find((signal) => signal.signal === 'drain_seconds')?.value;
  return drain != null && drain > 0 && drain < 86_400 ? now + drain * 1_000 : undefined;
}

/** The time worth looking at: half an hour before the opening, to the end of what is known to come (`coming`: also beside our leases). */
export function incidentWindow(incident: ApiIncident, leases: readonly ApiLease[], now: number, coming?: number) {
  const opened = epoch(incident.openedAt);
  const end = incident.resolvedAt ? epoch(incident.resolvedAt) : now;
  const before = Math.min(30 * MINUTE, Math.max(2 * MINUTE, 2.5 * (end - opened)));
  const from = Math.floor((opened - before) / 10_000) * 10_000;
  if (incident.resolvedAt) return { from, to: end + before / 3, dataTo: end + before / 3 };
  const planned = leases.filter((lease) => lease.incident === incident.id && !lease.releasedAt);
  const ends = [coming ?? now, ...planned.map((lease) => epoch(lease.expiresAt))];
  // What is to come gets three sevenths of the width at most.
  const to = Math.min(Math.max(...ends) + 0.04 * (now - from), now + 0.75 * (now - from));
  return { from, to, dataTo: now };
}

/** What is drawn over every chart of an incident. */
export function incidentMarks(
  incidents: readonly ApiIncident[],
  leases: readonly ApiLease[],
  page: { fleet: { stages: Map<string, ApiStage> }; now: number },
): Pick<Marks, 'opened' | 'leases'> {
  return {
    opened: incidents.map((incident) => epoch(incident.openedAt)),
    leases: leases.map((lease) => ({
      from: epoch(lease.grantedAt),
      to: lease.releasedAt ? epoch(lease.releasedAt) : epoch(lease.expiresAt),
      label: `${nameOf(lease.stage)} ${gateText(lease.request, page.fleet.stages.get(lease.stage)?.valve)}`,
    })),
  };
}

/** The signal the incident rests on, with its band, the opening, our lease, and what is expected to come. */
export function IncidentChart(props: { incident: ApiIncident }) {
  const page = usePage();
  const { incident } = props;
  const stage = page.fleet.stages.get(incident.root);
  const part = incident.because[0]?.subject.split('/')[1];
  const signal = stage?.signals.find((one) => one.signal === part) ?? (stage && leadingSignal(stage));
  if (!stage || !signal) return null;
  const drained = signal.signal.startsWith('lag') ? drainedAt(stage, page.now) : undefined;
  const { from } = incidentWindow(incident, page.fleet.leases, page.now);
  const length = Math.ceil((page.now - from) / (5 * MINUTE)) * 5 * MINUTE;
  const series = page.session.series.want(stage.id, { length }, 'chart');
  const data = series?.signals.find((one) => one.signal === signal.signal);
  const leases = page.fleet.leases.filter((lease) => lease.incident === incident.id);
  const outlook =
    drained === undefined && !incident.resolvedAt ? outlookOf(series, signal.signal, signal.unit, page.now) : undefined;
  const coming = drained ?? (outlook && (outlook.limit?.at ?? outlook.at.at(-1)));
  const { to } = incidentWindow(incident, page.fleet.leases, page.now, coming);
  const ahead =
    drained !== undefined && signal.value !== null
      ? { to: drained, value: signal.expected?.upper ?? 0, label: `clears about ${clock(drained)}` }
      : undefined;
  return (
    <figure class="incident-chart">
      <figcaption>
        <span class="strong">
          {nameOf(stage.id)} · {signal.signal}
        </span>
        <span class={`value ${isOutside(signal) ? incident.severity : ''}`}>{valueText(signal)}</span>
        <span class="dim expected">{expectedText(signal) && `expected ${expectedText(signal)}`}</span>
      </figcaption>
      <Chart
        label={`${nameOf(stage.id)} ${signal.signal}`}
        unit={signal.unit}
        data={data}
        from={from}
        to={to}
        now={page.now}
        height={236}
        labels
        marks={{
          ...incidentMarks([incident], leases, page),
          gaps: series ? gapsOf(series, signal.signal) : [],
          excluded: excludedOf(series, signal.signal),
          ...(ahead && { ahead }),
          ...(outlook && { outlook }),
        }}
      />
    </figure>
  );
}

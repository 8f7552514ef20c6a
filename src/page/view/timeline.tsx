import type { ApiIncident } from '../../server/api.ts';
import { gateText, nameOf } from '../model/names.ts';
import { ribbonOf } from '../model/ribbon.ts';
import { stageHash } from '../model/route.ts';
import { clock, epoch } from '../text/time.ts';
import { Glyph } from './glyph.tsx';
import { incidentWindow } from './incident-chart.tsx';
import { usePage } from './page.ts';
import { Ribbon } from './ribbon.tsx';

const MOST_RIBBONS = 20;

function Axis(props: { from: number; to: number }) {
  const marks = [0, 0.25, 0.5, 0.75, 1].map((share) => props.from + share * (props.to - props.from));
  return (
    <div class="axis" aria-hidden="true">
      {marks.map((at) => (
        <span key={at}>{clock(at)}</span>
      ))}
    </div>
  );
}

/** One row for each stage, and one for our gates, on one axis. */
export function Timeline(props: { incident: ApiIncident }) {
  const { fleet, session, now } = usePage();
  const { incident } = props;
  const leases = fleet.leases.filter((lease) => lease.incident === incident.id);
  const { from, dataTo } = incidentWindow(incident, leases, now);
  const share = (at: number): string => `${(100 * (Math.max(from, Math.min(dataTo, at)) - from)) / (dataTo - from)}%`;
  const length = Math.ceil((now - from) / 300_000) * 300_000;
  return (
    <section class="card box wide timeline" aria-labelledby="timeline-title">
      <h2 id="timeline-title">
        What when <span class="dim">root first, then as it spread</span>
      </h2>
      <div class="timeline-row">
        <span />
        <Axis from={from} to={dataTo} />
      </div>
      {incident.affected.slice(0, MOST_RIBBONS).map((id) => {
        const stage = fleet.stages.get(id);
        if (!stage) return null;
        const series = session.series.want(id, { length }, 'spark');
        const stretches = ribbonOf(stage, [incident], series, from, dataTo);
        return (
          <div key={id} class="timeline-row">
            <a href={stageHash(id)}>
              <b>{nameOf(id)}</b> {id === incident.root && <span class="dim">root</span>}
            </a>
            <Ribbon stretches={stretches} from={from} to={dataTo} label={nameOf(id)} />
          </div>
        );
      })}
      {incident.affected.length > MOST_RIBBONS && (
        <p class="dim">and {incident.affected.length - MOST_RIBBONS} more stages.</p>
      )}
      {leases.map((lease) => {
        const end = lease.releasedAt ? epoch(lease.releasedAt) : Math.min(now, epoch(lease.expiresAt));
        const words = `${nameOf(lease.stage)} ${gateText(lease.request, fleet.stages.get(lease.stage)?.valve)}`;
        return (
          <div key={lease.id} class="timeline-row">
            <span>
              <Glyph state="held" /> gate
            </span>
            <div class="gate-line">
              <span
                class="gate-stretch"
                style={{ left: share(epoch(lease.grantedAt)), right: `calc(100% - ${share(end)})` }}
              />
              <span class="gate-words">
                {words}, {clock(epoch(lease.grantedAt))} to {clock(lease.releasedAt ? end : epoch(lease.expiresAt))}
              </span>
            </div>
          </div>
        );
      })}
    </section>
  );
}

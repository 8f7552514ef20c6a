import type { ApiIncident } from '../../server/api.ts';
import { logOf } from '../model/happened.ts';
import { gateText, incidentName, nameOf } from '../model/names.ts';
import { ribbonOf } from '../model/ribbon.ts';
import { stageHash } from '../model/route.ts';
import { clock, clockSeconds, duration, epoch } from '../text/time.ts';
import { Glyph } from './glyph.tsx';
import { IncidentActions } from './incident-actions.tsx';
import { IncidentFacts, StoryLines } from './incident-card.tsx';
import { IncidentChart, incidentWindow } from './incident-chart.tsx';
import { NoteForm } from './note-form.tsx';
import { usePage } from './page.ts';
import { Ribbon } from './ribbon.tsx';
import { Rich } from './rich.tsx';
import { LabelButtons, MuteButton } from './stage-actions.tsx';

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
function Timeline(props: { incident: ApiIncident }) {
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

function Log(props: { incident: ApiIncident }) {
  const { fleet } = usePage();
  const lines = logOf(props.incident, fleet.leases, fleet.decisions, fleet.notices, fleet.stages);
  return (
    <section class="card box wide" aria-labelledby="log-title">
      <h2 id="log-title">
        Log <span class="dim">newest first</span>
      </h2>
      <NoteForm incident={props.incident.id} />
      <ol class="log bare">
        {lines.slice(0, 80).map((line, index) => (
          <li key={`${line.at} ${line.who} ${line.what} ${index}`}>
            <span class="dim">{clockSeconds(line.at)}</span>
            {line.state === 'note' ? <span class="dot" /> : <Glyph state={line.state} />}
            <span>
              <b>{line.who}</b> {line.what}
              {line.detail && <span class="dim"> {line.detail}</span>}
            </span>
          </li>
        ))}
      </ol>
    </section>
  );
}

function Evidence(props: { incident: ApiIncident }) {
  const { incident } = props;
  const root = nameOf(incident.root);
  return (
    <section class="card box">
      <h2>Why {root} is the root</h2>
      <ul class="plain-list">
        {incident.because.slice(0, 8).map((one) => (
          <li key={`${one.subject} ${one.detector}`}>
            {one.text} <span class="dim">{one.detector}</span>
          </li>
        ))}
      </ul>
      {incident.unknownAbove ? (
        <p>
          <Glyph state="unknown" /> {nameOf(incident.unknownAbove)} above it gives no answer, so the true root may be
          there.
        </p>
      ) : (
        <p class="dim">It is the most upstream stage that is not normal.</p>
      )}
    </section>
  );
}

function SeenBefore(props: { incident: ApiIncident }) {
  const { fleet } = usePage();
  const alike = fleet.incidents.filter(
    (one) => one.id !== props.incident.id && one.root === props.incident.root && one.resolvedAt,
  );
  return (
    <section class="card box">
      <h2>Was this useful?</h2>
      <div class="buttons">
        <LabelButtons incident={props.incident} />
      </div>
      <h2>Seen before</h2>
      {alike.length === 0 && <p>No other incident with this root is remembered.</p>}
      <ul class="plain-list">
        {alike.slice(0, 5).map((one) => (
          <li key={one.id}>
            <a href={`#/incidents/${encodeURIComponent(one.id)}`}>{incidentName(one.id)}</a> {one.cause},{' '}
            {duration(epoch(one.resolvedAt) - epoch(one.openedAt))}
          </li>
        ))}
      </ul>
    </section>
  );
}

/** One incident, whole: the four lines, when it spread where, everything that was done and said. */
export function IncidentScreen(props: { id: string }) {
  const { fleet } = usePage();
  const incident = fleet.incidents.find((one) => one.id === props.id);
  if (!incident) {
    return (
      <section class="card headline unknown">
        <h1>No incident {incidentName(props.id)} is remembered.</h1>
        <p>
          <a href="#/incidents">All incidents</a>
        </p>
      </section>
    );
  }
  return (
    <>
      <nav class="crumbs" aria-label="Where this is">
        <a href="#/incidents">Incidents</a> / {incidentName(incident.id)}
      </nav>
      <section
        class={`card incident ${incident.state === 'resolved' ? 'ok' : incident.severity}`}
        aria-labelledby="incident-headline"
      >
        <div class="incident-text">
          <IncidentFacts incident={incident} />
          <h1 id="incident-headline">
            <Rich text={incident.story.headline} pipeline={incident.pipeline} />
          </h1>
          <StoryLines incident={incident} />
          <div class="buttons">
            <IncidentActions incident={incident} />
            {incident.state !== 'resolved' && <MuteButton incident={incident} />}
          </div>
        </div>
        <IncidentChart incident={incident} />
      </section>
      <div class="columns">
        <div class="main-column">
          <Timeline incident={incident} />
          <Log incident={incident} />
        </div>
        <aside class="side-column" aria-label="Why, and what people said">
          <Evidence incident={incident} />
          <SeenBefore incident={incident} />
        </aside>
      </div>
    </>
  );
}

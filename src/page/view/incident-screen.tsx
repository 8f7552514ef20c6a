import type { ApiIncident } from '../../server/api.ts';
import { logOf } from '../model/happened.ts';
import { incidentName, nameOf } from '../model/names.ts';
import { partsOfFact } from '../model/parts.ts';
import { formatPercent } from '../text/number.ts';
import { clockSeconds, duration, epoch } from '../text/time.ts';
import { Glyph } from './glyph.tsx';
import { IncidentActions } from './incident-actions.tsx';
import { IncidentFacts, StoryLines } from './incident-card.tsx';
import { IncidentChart } from './incident-chart.tsx';
import { NoteForm } from './note-form.tsx';
import { usePage } from './page.ts';
import { Rich } from './rich.tsx';
import { Shares } from './shares.tsx';
import { LabelButtons, MuteButton } from './stage-actions.tsx';
import { Timeline } from './timeline.tsx';
import { Votes } from './votes.tsx';

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
            {one.text}{' '}
            <span class="dim">
              {one.detector}
              {one.share !== null && `, ${formatPercent(one.share)} of the surprise`}
            </span>
            {one.parts.length > 0 && <Shares parts={partsOfFact(one)} kind={incident.severity} />}
            <Votes votes={one.votes} />
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

import type { ApiIncident } from '../../server/api.ts';
import { incidentName, pipelineOf } from '../model/names.ts';
import { incidentHash } from '../model/route.ts';
import { STATE_WORD } from '../model/state.ts';
import { counting } from '../text/number.ts';
import { duration, epoch } from '../text/time.ts';
import { Glyph } from './glyph.tsx';
import { IncidentActions } from './incident-actions.tsx';
import { IncidentChart } from './incident-chart.tsx';
import { usePage } from './page.ts';
import { Rich } from './rich.tsx';

/** Puts a full stop where a sentence has none. */
const sentence = (text: string): string => (/[.!?…]$/.test(text) ? text : `${text}.`);

/** What is wrong, what was done, what comes next: the same words as in every notice. */
export function StoryLines(props: { incident: ApiIncident }) {
  const { story } = props.incident;
  const pipeline = pipelineOf(props.incident.root);
  const lines: readonly (readonly [string, string])[] = [
    ['Wrong', story.wrong],
    ['Also', story.also],
    ['Done', story.done],
    ['Next', story.next],
  ];
  return (
    <dl class="story">
      {lines.map(([word, text]) =>
        text === '' ? null : (
          <div key={word}>
            <dt>{word}</dt>
            <dd>
              <Rich text={sentence(text)} pipeline={pipeline} />
            </dd>
          </div>
        ),
      )}
    </dl>
  );
}

/** State, age and name of an incident in one line. */
export function IncidentFacts(props: { incident: ApiIncident }) {
  const { now } = usePage();
  const { incident } = props;
  const recovering = incident.state === 'recovering';
  return (
    <p class={`facts ${incident.severity}`}>
      <Glyph state={incident.severity} />
      <b>{STATE_WORD[incident.severity]}</b>
      <span class="strong">
        {recovering ? 'recovering, ' : ''}open {duration(now - epoch(incident.openedAt))}
      </span>
      <span class="dim">
        {pipelineOf(incident.root)} · <a href={incidentHash(incident.id)}>{incidentName(incident.id)}</a>
        {incident.cause !== 'unknown' && ` · ${incident.cause}`}
        {incident.mutedUntil && ' · muted'}
      </span>
    </p>
  );
}

/** The card on top: one incident, whole. */
export function IncidentCard(props: { incident: ApiIncident }) {
  const { incident } = props;
  const others = incident.affected.length - 1;
  return (
    <section class={`card incident ${incident.severity}`} aria-labelledby="incident-headline">
      <div class="incident-text">
        <IncidentFacts incident={incident} />
        <h1 id="incident-headline">
          <Rich text={sentence(incident.story.headline)} pipeline={pipelineOf(incident.root)} />
          {others > 0 && <span class="feel"> {counting(others, 'other stage feels', 'other stages feel')} it.</span>}
        </h1>
        <StoryLines incident={incident} />
        <IncidentActions incident={incident} />
      </div>
      <IncidentChart incident={incident} />
    </section>
  );
}

/** The other open incidents, one line each. */
export function OtherIncidents(props: { incidents: readonly ApiIncident[] }) {
  if (props.incidents.length === 0) return null;
  return (
    <ul class="other-incidents" aria-label="Other open incidents">
      {props.incidents.map((incident) => (
        <li key={incident.id}>
          <IncidentFacts incident={incident} />
          <span class="line">{incident.story.headline}</span>
        </li>
      ))}
    </ul>
  );
}

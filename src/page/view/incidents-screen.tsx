import type { ApiIncident } from '../../server/api.ts';
import { incidentName, nameOf, pipelineOf } from '../model/names.ts';
import { incidentHash, withQuery } from '../model/route.ts';
import { counting } from '../text/number.ts';
import { clockOrDay, duration, epoch } from '../text/time.ts';
import { Glyph } from './glyph.tsx';
import { usePage } from './page.ts';

const LABELS = { real: 'real', 'not-an-anomaly': 'not an anomaly' } as const;

function IncidentRow(props: { incident: ApiIncident }) {
  const { now, fleet } = usePage();
  const { incident } = props;
  const end = incident.resolvedAt ? epoch(incident.resolvedAt) : now;
  const gates = fleet.leases.filter((lease) => lease.incident === incident.id).length;
  return (
    <tr>
      <td class="nowrap">
        <span class={`facts-word ${incident.state === 'resolved' ? 'ok' : incident.severity}`}>
          <Glyph state={incident.state === 'resolved' ? 'ok' : incident.severity} /> {incident.state}
        </span>
      </td>
      <th scope="row">
        <a data-row href={incidentHash(incident.id)}>
          {incidentName(incident.id)} {nameOf(incident.root)}
        </a>{' '}
        <span class="dim">{pipelineOf(incident.root)}</span>
        <span class="line">{incident.story.headline}</span>
      </th>
      <td class="nowrap">{incident.severity}</td>
      <td>{incident.cause === 'unknown' ? '–' : incident.cause}</td>
      <td class="right">{incident.affected.length}</td>
      <td class="nowrap">{clockOrDay(epoch(incident.openedAt), now)}</td>
      <td class="nowrap">{duration(end - epoch(incident.openedAt))}</td>
      <td>{gates > 0 ? counting(gates, 'gate') : '–'}</td>
      <td>{incident.label ? LABELS[incident.label] : '–'}</td>
    </tr>
  );
}

/** All incidents that the daemon remembers, newest first; the filter is in the URL. */
export function IncidentsScreen() {
  const { fleet, route } = usePage();
  const state = route.query.state ?? '';
  const shown = fleet.incidents.filter((incident) =>
    state === '' ? true : state === 'open' ? incident.state !== 'resolved' : incident.state === state,
  );
  return (
    <section class="card box wide" aria-labelledby="incidents-title">
      <div class="section-head">
        <h1 id="incidents-title">Incidents</h1>
        <div class="chips">
          {['', 'open', 'resolved'].map((one) => (
            <a
              key={one}
              class={one === state ? 'chip chosen' : 'chip'}
              href={withQuery(route, { state: one })}
              aria-current={one === state ? 'true' : undefined}
            >
              {one || 'all'}
            </a>
          ))}
        </div>
      </div>
      {shown.length === 0 ? (
        <p>{state === '' ? 'No incident yet.' : `No incident is ${state}.`}</p>
      ) : (
        <div class="table-scroll">
          <table class="plain">
            <thead>
              <tr>
                <th scope="col">State</th>
                <th scope="col">Incident</th>
                <th scope="col">Severity</th>
                <th scope="col">Cause</th>
                <th scope="col" class="right">
                  Stages
                </th>
                <th scope="col">Opened</th>
                <th scope="col">Lasted</th>
                <th scope="col">Action</th>
                <th scope="col">Label</th>
              </tr>
            </thead>
            <tbody>
              {shown.map((incident) => (
                <IncidentRow key={incident.id} incident={incident} />
              ))}
            </tbody>
          </table>
        </div>
      )}
    </section>
  );
}

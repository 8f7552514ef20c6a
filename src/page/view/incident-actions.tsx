import type { ApiIncident, ApiLease } from '../../server/api.ts';
import { isHeld } from '../model/names.ts';
import { withQuery } from '../model/route.ts';
import { slackText } from '../model/slack.ts';
import { commands } from '../net/commands.ts';
import { FailureNote, useCommand } from './command.tsx';
import { Glyph } from './glyph.tsx';
import { usePage } from './page.ts';

/** The lease in force for an incident, if any. */
export const leaseOf = (incident: ApiIncident, leases: readonly ApiLease[]): ApiLease | undefined =>
  leases.find((lease) => lease.incident === incident.id && isHeld(lease));

/** Opens the release dialog by way of the URL; says so while a release is under way. */
export function ReleaseButton(props: { lease: ApiLease; label: string }) {
  const { route, releasing, fleet, liveness } = usePage();
  if (releasing.has(props.lease.id) || props.lease.state === 'reverting') {
    return <span class="releasing">releasing…</span>;
  }
  const off = fleet.readOnly || liveness === 'offline';
  return (
    <button
      type="button"
      class="button gate-outlined"
      data-command="release"
      disabled={off}
      onClick={() => location.replace(withQuery(route, { release: props.lease.id }))}
    >
      <Glyph state="held" /> {props.label}
    </button>
  );
}

export async function copyForSlack(incident: ApiIncident, say: (text: string) => void): Promise<void> {
  const pageUrl = location.href.replace(/#.*$/, '');
  try {
    await navigator.clipboard.writeText(slackText(incident, pageUrl));
    say('Copied for Slack.');
  } catch {
    say('The browser did not allow copying.');
  }
}

/** The loud button acknowledges; release is outlined, since undoing protection must not be the easy tap. */
export function IncidentActions(props: { incident: ApiIncident }) {
  const { fleet, say, liveness } = usePage();
  const { incident } = props;
  const { busy, failure, run } = useCommand();
  const lease = leaseOf(incident, fleet.leases);
  const acknowledge = async (): Promise<void> => {
    if (await run(() => commands.acknowledge(incident.id))) say('Acknowledged.');
  };
  const open = incident.state !== 'resolved';
  return (
    <div class="actions">
      <div class="buttons">
        {open && incident.acknowledgedBy === undefined && (
          <button
            type="button"
            class="button loud"
            data-command="acknowledge"
            disabled={busy || fleet.readOnly || liveness === 'offline'}
            onClick={acknowledge}
          >
            Acknowledge
          </button>
        )}
        {open && incident.acknowledgedBy !== undefined && (
          <span class="acknowledged">
            <Glyph state="ok" /> Acknowledged by {incident.acknowledgedBy}
          </span>
        )}
        {lease && <ReleaseButton lease={lease} label="Release gate…" />}
        <button type="button" class="button" data-command="copy" onClick={() => copyForSlack(incident, say)}>
          Copy for Slack
        </button>
      </div>
      <FailureNote failure={failure} />
    </div>
  );
}

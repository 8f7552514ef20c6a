import { useState } from 'preact/hooks';
import type { ApiIncident } from '../../server/api.ts';
import { commands } from '../net/commands.ts';
import { clock, epoch } from '../text/time.ts';
import { FailureNote, useCommand } from './command.tsx';
import { copyForSlack } from './incident-actions.tsx';
import { usePage } from './page.ts';

const MUTES: readonly (readonly [ms: number, label: string])[] = [
  [3_600_000, '1 h'],
  [14_400_000, '4 h'],
  [86_400_000, '1 d'],
];

/** Mutes the notices of an incident for a chosen time; nothing else changes. */
export function MuteButton(props: { incident: ApiIncident }) {
  const { fleet, session, say } = usePage();
  const { busy, failure, run } = useCommand();
  const [asking, setAsking] = useState(false);
  const muted = props.incident.mutedUntil;
  if (muted && epoch(muted) > session.now()) return <span class="dim">muted until {clock(epoch(muted))}</span>;
  const mute = async (length: number): Promise<void> => {
    setAsking(false);
    if (await run(() => commands.mute(props.incident.id, session.now() + length))) say('Muted.');
  };
  return (
    <>
      {asking ? (
        <span class="buttons">
          <span class="dim">Mute for</span>
          {MUTES.map(([length, label]) => (
            <button key={label} type="button" class="button small" onClick={() => mute(length)}>
              {label}
            </button>
          ))}
          <button type="button" class="button small" onClick={() => setAsking(false)}>
            No
          </button>
        </span>
      ) : (
        <button type="button" class="button" disabled={busy || fleet.readOnly} onClick={() => setAsking(true)}>
          Mute…
        </button>
      )}
      <FailureNote failure={failure} />
    </>
  );
}

/** Says whether an incident was worth it; the answer goes into the budget and later into backtests. */
export function LabelButtons(props: { incident: ApiIncident }) {
  const { fleet, say } = usePage();
  const { busy, failure, run } = useCommand();
  const label = async (value: 'real' | 'not-an-anomaly'): Promise<void> => {
    if (await run(() => commands.label(props.incident.id, value))) say('Thank you. Noted.');
  };
  const button = (value: 'real' | 'not-an-anomaly', words: string) => (
    <button
      type="button"
      class="button"
      aria-pressed={props.incident.label === value}
      disabled={busy || fleet.readOnly}
      onClick={() => label(value)}
    >
      {words}
    </button>
  );
  return (
    <>
      {button('real', 'Real')}
      {button('not-an-anomaly', 'Not an anomaly')}
      <FailureNote failure={failure} />
    </>
  );
}

export function StageActions(props: { incident: ApiIncident }) {
  const { say } = usePage();
  return (
    <div class="buttons end">
      <button type="button" class="button" data-command="copy" onClick={() => copyForSlack(props.incident, say)}>
        Copy for Slack
      </button>
      <MuteButton incident={props.incident} />
      <LabelButtons incident={props.incident} />
    </div>
  );
}

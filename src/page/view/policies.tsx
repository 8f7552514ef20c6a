import { useState } from 'preact/hooks';
import { inWords } from '../model/names.ts';
import { commands } from '../net/commands.ts';
import { counting } from '../text/number.ts';
import { clock, epoch } from '../text/time.ts';
import { FailureNote, useCommand } from './command.tsx';
import { usePage } from './page.ts';
import { useModal } from './release-dialog.tsx';

function StopDialog(props: { close: () => void }) {
  const { say } = usePage();
  const [reason, setReason] = useState('');
  const { busy, failure, run } = useCommand();
  const { dialog, onCancel } = useModal(props.close);
  const stop = async (): Promise<void> => {
    if (!(await run(() => commands.stopActing(reason.trim())))) return;
    say('Stopping all actions.');
    props.close();
  };
  return (
    <dialog ref={dialog} class="dialog" aria-labelledby="stop-title" onCancel={onCancel}>
      <h2 id="stop-title">Stop all actions?</h2>
      <p>
        Every gate is released, and every policy only observes until somebody resumes. Headgate keeps watching and
        telling.
      </p>
      <label class="field">
        <span>
          <b>Why</b> <span class="dim">(required, kept in the audit log)</span>
        </span>
        <input type="text" maxLength={500} value={reason} onInput={(event) => setReason(event.currentTarget.value)} />
      </label>
      <FailureNote failure={failure} />
      <div class="buttons end">
        <button type="button" class="button" onClick={props.close}>
          Keep acting
        </button>
        <button type="button" class="button danger" disabled={busy || reason.trim() === ''} onClick={stop}>
          Stop all actions
        </button>
      </div>
    </dialog>
  );
}

/** The big switch: lets go of everything, or takes up again. */
function StopOrResume() {
  const { fleet, say } = usePage();
  const [asking, setAsking] = useState(false);
  const { busy, failure, run } = useCommand();
  if (fleet.policies.length === 0) return null;
  const stopped = fleet.policies.some((one) => one.mode === 'observe' && one.configuredMode !== 'observe');
  const resume = async (): Promise<void> => {
    if (await run(commands.resumeActing)) say('Policies act again as configured.');
  };
  return (
    <>
      {stopped ? (
        <>
          <span>All actions are stopped.</span>
          <button type="button" class="button loud" disabled={busy || fleet.readOnly} onClick={resume}>
            Resume
          </button>
        </>
      ) : (
        <button type="button" class="button danger-outlined" disabled={fleet.readOnly} onClick={() => setAsking(true)}>
          ■ Stop all actions…
        </button>
      )}
      <FailureNote failure={failure} />
      {asking && <StopDialog close={() => setAsking(false)} />}
    </>
  );
}

/** What each policy keeps, what it may do, and how far it is trusted. */
export function Policies() {
  const { fleet, now } = usePage();
  return (
    <section class="card box wide" aria-labelledby="policies-title">
      <div class="section-head">
        <h2 id="policies-title">Policies</h2>
        <span class="buttons push">
          <StopOrResume />
        </span>
      </div>
      {fleet.policies.length === 0 ? (
        <p>No policy is configured, so Headgate only watches and tells.</p>
      ) : (
        <div class="table-scroll">
          <table class="plain">
            <thead>
              <tr>
                <th scope="col">Policy</th>
                <th scope="col">Mode</th>
                <th scope="col">Keeps</th>
                <th scope="col">May</th>
                <th scope="col">Used</th>
                <th scope="col">Last</th>
              </tr>
            </thead>
            <tbody>
              {fleet.policies.map((policy) => (
                <tr key={policy.name}>
                  <th scope="row">{policy.name}</th>
                  <td class="nowrap">
                    {inWords(policy.mode)}
                    {policy.mode !== policy.configuredMode && (
                      <span class="dim"> (configured: {inWords(policy.configuredMode)})</span>
                    )}
                  </td>
                  <td>{policy.keep}</td>
                  <td>{policy.may.join('; ')}</td>
                  <td class="nowrap">{counting(policy.uses, 'time')}</td>
                  <td>
                    {policy.last
                      ? `${clock(epoch(policy.last.at))} ${policy.last.kind}, ${inWords(policy.last.reason)}`
                      : '–'}
                    {policy.cooldownUntil && epoch(policy.cooldownUntil) > now && (
                      <span class="dim"> cooling down until {clock(epoch(policy.cooldownUntil))}</span>
                    )}
                  </td>
                </tr>
              ))}
            </tbody>
          </table>
        </div>
      )}
    </section>
  );
}

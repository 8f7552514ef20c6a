import { useEffect, useRef, useState } from 'preact/hooks';
import type { ApiLease } from '../../server/api.ts';
import { gateText, nameOf } from '../model/names.ts';
import { releaseText } from '../model/release.ts';
import { withQuery } from '../model/route.ts';
import { readerName } from '../net/api.ts';
import { commands } from '../net/commands.ts';
import { FailureNote, useCommand } from './command.tsx';
import { usePage } from './page.ts';

const HOLD_OFFS: readonly (readonly [seconds: number, label: string])[] = [
  [900, '15 min'],
  [1_800, '30 min'],
  [7_200, '2 h'],
  [86_400, '1 d'],
];

/** Takes the dialog out of the URL again; the view under it stays as it was. */
const useClose = (): (() => void) => {
  const { route } = usePage();
  return () => location.replace(withQuery(route, { release: '' }));
};

/** Shows a native dialog: focus stays inside, Esc closes, what had the focus before gets it back. */
export function useModal(close: () => void) {
  const dialog = useRef<HTMLDialogElement>(null);
  useEffect(() => {
    const element = dialog.current;
    if (element && !element.open) element.showModal();
  }, []);
  const onCancel = (event: Event): void => {
    event.preventDefault();
    close();
  };
  return { dialog, onCancel };
}

function HoldOff(props: { onChange: (seconds: number) => void }) {
  const [on, setOn] = useState(false);
  const [seconds, setSeconds] = useState(1_800);
  const change = (nextOn: boolean, next: number): void => {
    setOn(nextOn);
    setSeconds(next);
    props.onChange(nextOn ? next : 0);
  };
  return (
    <div class="hold-off">
      <label>
        <input type="checkbox" checked={on} onChange={(event) => change(event.currentTarget.checked, seconds)} /> Do not
        engage this policy again for
      </label>
      <select
        aria-label="How long the policy stays out"
        value={seconds}
        onChange={(event) => change(true, Number(event.currentTarget.value))}
      >
        {HOLD_OFFS.map(([value, label]) => (
          <option key={value} value={value}>
            {label}
          </option>
        ))}
      </select>
    </div>
  );
}

/** Asks before a gate is opened by hand: what changes, what is to be expected, and why (kept in the audit log). */
export function ReleaseDialog(props: { lease: ApiLease }) {
  const { fleet, say, markReleasing } = usePage();
  const [reason, setReason] = useState('');
  const [holdoff, setHoldoff] = useState(0);
  const { busy, failure, run } = useCommand();
  const close = useClose();
  const { dialog, onCancel } = useModal(close);
  const { lease } = props;
  const stage = fleet.stages.get(lease.stage);
  const why = useRef<HTMLInputElement>(null);
  useEffect(() => why.current?.focus(), []);

  const release = async (): Promise<void> => {
    const asked = await run(() => commands.release(lease.id, reason.trim(), holdoff));
    if (!asked) return;
    markReleasing(lease.id);
    say(`Releasing the gate on ${nameOf(lease.stage)}.`);
    close();
  };
  return (
    <dialog ref={dialog} class="dialog" aria-labelledby="release-title" onCancel={onCancel}>
      <h2 id="release-title">
        Release the gate on {nameOf(lease.stage)}, {gateText(lease.request, stage?.valve)}?
      </h2>
      {releaseText(lease, stage, fleet).map((sentence) => (
        <p key={sentence}>{sentence}</p>
      ))}
      <label class="field">
        <span>
          <b>Why</b> <span class="dim">(required, kept in the audit log)</span>
        </span>
        <input
          ref={why}
          type="text"
          maxLength={500}
          value={reason}
          placeholder="enrich was scaled by hand"
          onInput={(event) => setReason(event.currentTarget.value)}
        />
      </label>
      <label class="field">
        <span>
          <b>Your name</b> <span class="dim">(kept in this browser)</span>
        </span>
        <input
          type="text"
          autocomplete="name"
          maxLength={100}
          defaultValue={readerName.get()}
          onInput={(event) => readerName.set(event.currentTarget.value)}
        />
      </label>
      <HoldOff onChange={setHoldoff} />
      <FailureNote failure={failure} />
      <div class="buttons end">
        <button type="button" class="button" onClick={close}>
          Keep held
        </button>
        <button type="button" class="button gate-loud" disabled={busy || reason.trim() === ''} onClick={release}>
          {busy ? 'Releasing…' : 'Release now'}
        </button>
      </div>
    </dialog>
  );
}

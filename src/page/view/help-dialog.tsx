import { KEY_HELP } from '../model/keys.ts';
import { useModal } from './release-dialog.tsx';

/** The keys of the page. */
export function HelpDialog(props: { close: () => void }) {
  const { dialog, onCancel } = useModal(props.close);
  return (
    <dialog ref={dialog} class="dialog" aria-labelledby="help-title" onCancel={onCancel}>
      <h2 id="help-title">Keys</h2>
      <dl class="keys">
        {KEY_HELP.map(([keys, what]) => (
          <div key={keys}>
            <dt>
              <kbd>{keys}</kbd>
            </dt>
            <dd>{what}</dd>
          </div>
        ))}
      </dl>
      <div class="buttons end">
        <button type="button" class="button" onClick={props.close}>
          Close
        </button>
      </div>
    </dialog>
  );
}

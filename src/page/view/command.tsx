import { useState } from 'preact/hooks';
import { ApiFailure, token } from '../net/api.ts';

/** Runs one command at a time and remembers how it went. */
export function useCommand() {
  const [busy, setBusy] = useState(false);
  const [failure, setFailure] = useState<ApiFailure>();
  const run = async (command: () => Promise<void>): Promise<boolean> => {
    if (busy) return false;
    setBusy(true);
    setFailure(undefined);
    try {
      await command();
      return true;
    } catch (thrown) {
      setFailure(thrown instanceof ApiFailure ? thrown : new ApiFailure(0, String(thrown)));
      return false;
    } finally {
      setBusy(false);
    }
  };
  return { busy, failure, run };
}

/** What went wrong, in the daemon's words; where it wants a token, the field to paste one. */
export function FailureNote(props: { failure: ApiFailure | undefined }) {
  const [kept, setKept] = useState(false);
  const { failure } = props;
  if (!failure) return null;
  const keep = (event: Event): void => {
    token.set((event.currentTarget as HTMLInputElement).value);
    setKept(true);
  };
  return (
    <div class="failure" role="alert">
      <p>
        {failure.status === 0 ? `Headgate did not answer: ${failure.message}. Nothing was changed.` : failure.message}
      </p>
      {failure.status === 401 && (
        <label>
          API token <span class="dim">(kept for this tab only)</span>
          <input type="password" autocomplete="off" onChange={keep} />
        </label>
      )}
      {kept && <p>Token kept. Try again.</p>}
    </div>
  );
}

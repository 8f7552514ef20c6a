import { useState } from 'preact/hooks';
import { commands } from '../net/commands.ts';
import { FailureNote, useCommand } from './command.tsx';
import { usePage } from './page.ts';

/** Adds a person's note to the log of an incident. */
export function NoteForm(props: { incident: string }) {
  const { fleet, say } = usePage();
  const [text, setText] = useState('');
  const { busy, failure, run } = useCommand();
  const add = async (event: Event): Promise<void> => {
    event.preventDefault();
    if (!(await run(() => commands.note(props.incident, text.trim())))) return;
    setText('');
    say('Note added.');
  };
  return (
    <form class="note-form" onSubmit={add}>
      <input
        type="text"
        aria-label="Add a note"
        placeholder="Add a note"
        maxLength={2_000}
        value={text}
        disabled={fleet.readOnly}
        onInput={(event) => setText(event.currentTarget.value)}
      />
      <button type="submit" class="button" disabled={busy || fleet.readOnly || text.trim() === ''}>
        Add note
      </button>
      <FailureNote failure={failure} />
    </form>
  );
}

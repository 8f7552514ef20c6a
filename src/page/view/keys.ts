import { useEffect } from 'preact/hooks';
import { type KeyCommand, keyReader } from '../model/keys.ts';
import { parseRoute, upFrom } from '../model/route.ts';

const isTyping = (target: EventTarget | null): boolean =>
  target instanceof HTMLElement && target.matches('input:not([type=checkbox]), select, textarea');

function moveRow(step: number): void {
  const rows = [...document.querySelectorAll<HTMLElement>('[data-row]')];
  const here = rows.indexOf(document.activeElement as HTMLElement);
  const next = rows[here < 0 ? (step > 0 ? 0 : rows.length - 1) : here + step];
  next?.focus();
  next?.closest('tr')?.scrollIntoView({ block: 'nearest' });
}

const press = (command: string): void => document.querySelector<HTMLElement>(`[data-command=${command}]`)?.click();

function obey(command: KeyCommand, ask: { theme: () => void; help: () => void }): void {
  if (command.kind === 'go') location.hash = command.hash;
  else if (command.kind === 'find') document.querySelector<HTMLInputElement>('[data-find]')?.focus();
  else if (command.kind === 'row-down') moveRow(1);
  else if (command.kind === 'row-up') moveRow(-1);
  else if (command.kind === 'up') location.hash = upFrom(parseRoute(location.hash).screen);
  else if (command.kind === 'theme') ask.theme();
  else if (command.kind === 'help') ask.help();
  // `open` needs nothing: the focused link does it.
  else if (command.kind !== 'open') press(command.kind);
}

/** The keyboard map of the page. Keys typed into fields, or with a modifier, belong to the browser; an open dialog has its own. */
export function useKeys(ask: { theme: () => void; help: () => void }): void {
  useEffect(() => {
    const read = keyReader();
    const onKey = (event: KeyboardEvent): void => {
      if (event.ctrlKey || event.metaKey || event.altKey || isTyping(event.target)) return;
      if (document.querySelector('dialog[open]')) return;
      const command = read(event.key);
      if (!command || command.kind === 'open') return;
      event.preventDefault();
      obey(command, ask);
    };
    addEventListener('keydown', onKey);
    return () => removeEventListener('keydown', onKey);
  }, []);
}

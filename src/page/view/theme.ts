import { useEffect, useState } from 'preact/hooks';

const KEY = 'headgate.theme';
const dark = matchMedia('(prefers-color-scheme: dark)');

/** The colours in force: the system's, unless `t` was pressed; the choice is kept for this browser. */
export function useTheme(): { theme: string; toggle: () => void } {
  const [chosen, setChosen] = useState(() => localStorage.getItem(KEY) ?? '');
  const [system, setSystem] = useState(dark.matches ? 'dark' : 'light');
  useEffect(() => {
    const listen = (): void => setSystem(dark.matches ? 'dark' : 'light');
    dark.addEventListener('change', listen);
    return () => dark.removeEventListener('change', listen);
  }, []);
  useEffect(() => {
    if (chosen === '') delete document.documentElement.dataset.theme;
    else document.documentElement.dataset.theme = chosen;
  }, [chosen]);
  const theme = chosen || system;
  const toggle = (): void => {
    const next = (document.documentElement.dataset.theme ?? system) === 'dark' ? 'light' : 'dark';
    localStorage.setItem(KEY, next);
    setChosen(next);
  };
  return { theme, toggle };
}

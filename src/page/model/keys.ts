/** What a key asks for. `go` is a hash to open. */
export type KeyCommand =
  | { readonly kind: 'go'; readonly hash: string }
  | {
      readonly kind:
        | 'find'
        | 'row-down'
        | 'row-up'
        | 'open'
        | 'up'
        | 'acknowledge'
        | 'copy'
        | 'release'
        | 'earlier'
        | 'later'
        | 'live'
        | 'theme'
        | 'help';
    };

const SINGLE: Readonly<Record<string, KeyCommand>> = {
  '/': { kind: 'find' },
  j: { kind: 'row-down' },
  k: { kind: 'row-up' },
  Enter: { kind: 'open' },
  u: { kind: 'up' },
  a: { kind: 'acknowledge' },
  c: { kind: 'copy' },
  r: { kind: 'release' },
  '[': { kind: 'earlier' },
  ']': { kind: 'later' },
  '.': { kind: 'live' },
  t: { kind: 'theme' },
  '?': { kind: 'help' },
};

const AFTER_G: Readonly<Record<string, KeyCommand>> = {
  o: { kind: 'go', hash: '#/' },
  i: { kind: 'go', hash: '#/incidents' },
  g: { kind: 'go', hash: '#/gates' },
  d: { kind: 'go', hash: '#/data' },
  h: { kind: 'go', hash: '#/health' },
};

/** The list behind `?`. */
export const KEY_HELP: readonly (readonly [keys: string, what: string])[] = [
  ['/', 'find a stage'],
  ['j k', 'next and previous row'],
  ['Enter', 'open the row'],
  ['u', 'one level up'],
  ['g then o i g d h', 'Overview, Incidents, Gates, Data, Health'],
  ['a', 'acknowledge the incident'],
  ['c', 'copy for Slack'],
  ['r', 'release the gate (asks first)'],
  ['[ ]', 'earlier and later'],
  ['.', 'back to live'],
  ['t', 'light or dark'],
  ['← → Home End', 'in a chart: move the cursor'],
];

/** Turns keys into commands; `g` waits for the key after it. One such function for one page. */
export function keyReader(): (key: string) => KeyCommand | undefined {
  let pending = false;
  return (key) => {
    if (pending) {
      pending = false;
      return AFTER_G[key];
    }
    pending = key === 'g';
    return Object.hasOwn(SINGLE, key) ? SINGLE[key] : undefined;
  };
}

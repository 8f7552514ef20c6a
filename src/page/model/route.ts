/** What the page shows. Every view, filter, range and dialog is in the hash, so that a link is the whole view. */
export type Screen =
  | { readonly name: 'overview' }
  | { readonly name: 'stage'; readonly id: string }
  | { readonly name: 'incidents' }
  | { readonly name: 'incident'; readonly id: string }
  | { readonly name: 'data' }
  | { readonly name: 'fields'; readonly id: string }
  | { readonly name: 'gates' }
  | { readonly name: 'health' }
  | { readonly name: 'nowhere'; readonly path: string };

export interface Route {
  readonly screen: Screen;
  readonly query: Readonly<Record<string, string>>;
}

const decode = (text: string): string => {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
};

function screenOf(parts: readonly string[]): Screen {
  const [first, second, third] = parts;
  if (first === undefined) return { name: 'overview' };
  if (first === 'stage' && second && third && parts.length === 3) return { name: 'stage', id: `${second}.${third}` };
  if (first === 'data' && parts.length === 1) return { name: 'data' };
  if (first === 'data' && second && third && parts.length === 3) return { name: 'fields', id: `${second}.${third}` };
  if (first === 'incidents' && parts.length === 1) return { name: 'incidents' };
  if (first === 'incidents' && second && parts.length === 2) return { name: 'incident', id: second };
  if (first === 'gates' && parts.length === 1) return { name: 'gates' };
  if (first === 'health' && parts.length === 1) return { name: 'health' };
  return { name: 'nowhere', path: `/${parts.join('/')}` };
}

/** Reads `#/stage/orders/enrich?range=2h`. An empty hash is the overview; an unknown path is said, never guessed. */
export function parseRoute(hash: string): Route {
  const [path = '', search = ''] = hash.replace(/^#/, '').split('?', 2);
  const parts = path.split('/').filter(Boolean).map(decode);
  return { screen: screenOf(parts), query: Object.fromEntries(new URLSearchParams(search)) };
}

function pathOf(screen: Screen): string {
  if (screen.name === 'overview') return '/';
  if (screen.name === 'stage' || screen.name === 'fields') {
    const dot = screen.id.indexOf('.');
    const first = screen.name === 'stage' ? 'stage' : 'data';
    return `/${first}/${encodeURIComponent(screen.id.slice(0, dot))}/${encodeURIComponent(screen.id.slice(dot + 1))}`;
  }
  if (screen.name === 'incident') return `/incidents/${encodeURIComponent(screen.id)}`;
  if (screen.name === 'nowhere') return screen.path;
  return `/${screen.name}`;
}

/** The hash of a screen; query entries with an empty value are left out. `parseRoute` reads it back. */
export function hashOf(screen: Screen, query: Readonly<Record<string, string>> = {}): string {
  const filled = Object.entries(query).filter(([, value]) => value !== '');
  const search = new URLSearchParams(filled).toString();
  return `#${pathOf(screen)}${search ? `?${search}` : ''}`;
}

export const stageHash = (id: string): string => hashOf({ name: 'stage', id });
export const fieldsHash = (id: string): string => hashOf({ name: 'fields', id });
export const incidentHash = (id: string): string => hashOf({ name: 'incident', id });

/** The same view with some query entries changed; an empty value removes one. */
export const withQuery = (route: Route, changes: Readonly<Record<string, string>>): string =>
  hashOf(route.screen, { ...route.query, ...changes });

/** One level up, for `u`. */
export function upFrom(screen: Screen): string {
  if (screen.name === 'incident') return hashOf({ name: 'incidents' });
  return hashOf(screen.name === 'fields' ? { name: 'data' } : { name: 'overview' });
}

import type { IncomingMessage, ServerResponse } from 'node:http';
import { type Answer, badRequest, notFound, Refusal } from './answer.ts';

/** Addresses longer than this are refused; the longest real one is a subject of 200 characters, encoded. */
const MAX_URL = 2_048;

/** What a handler sees of its request. */
export interface Ask {
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
  /** The value of a `:name` in the route's path, decoded. */
  param(name: string): string;
  readonly query: URLSearchParams;
}

export interface Route {
  readonly method: 'GET' | 'POST';
  /** Segments split by `/`; a segment `:name` matches anything but the empty text. */
  readonly path: string;
  handle(ask: Ask): Answer | Promise<Answer>;
}

export interface Target {
  readonly segments: readonly string[];
  readonly path: string;
  readonly query: URLSearchParams;
}

/**
 * Takes an address apart without resolving `.` and `..`: a path names what it says or nothing.
 *
 * @throws Refusal 400, 414
 */
export function parseTarget(url: string): Target {
  if (url.length > MAX_URL) throw new Refusal(414, 'too-long', `the address is longer than ${MAX_URL} characters`);
  if (!url.startsWith('/')) throw badRequest('the address must begin with /');
  const mark = url.indexOf('?');
  const path = mark < 0 ? url : url.slice(0, mark);
  try {
    const segments = path.slice(1).split('/').map(decodeURIComponent);
    return { segments, path, query: new URLSearchParams(mark < 0 ? '' : url.slice(mark + 1)) };
  } catch {
    throw badRequest('the address is not well encoded');
  }
}

/** @throws Refusal 404, 405 with `Allow` */
export type Find = (method: string, target: Target) => { readonly route: Route; param(name: string): string };

interface Compiled {
  readonly route: Route;
  readonly parts: readonly string[];
}

/**
 * Finds the route of an address. Literal segments win over parameters by the order of the table.
 * HEAD is answered like GET without the body.
 */
export function createRouter(routes: readonly Route[]): Find {
  // Grouped by length and first two segments, so that a lookup compares a handful of routes.
  const groups = new Map<number, Compiled[]>();
  for (const route of routes) {
    const parts = route.path.slice(1).split('/');
    groups.set(parts.length, [...(groups.get(parts.length) ?? []), { route, parts }]);
  }

  return (method, target) => {
    const fits = (groups.get(target.segments.length) ?? []).filter(({ parts }) => matches(parts, target.segments));
    if (fits.length === 0) throw notFound(`there is nothing at ${target.path}`);
    const wanted = method === 'HEAD' ? 'GET' : method;
    const found = fits.find(({ route }) => route.method === wanted);
    if (!found) throw wrongMethod(method, fits);
    return {
      route: found.route,
      param: (name) => target.segments[found.parts.indexOf(`:${name}`)] ?? '',
    };
  };
}

const matches = (parts: readonly string[], segments: readonly string[]): boolean =>
  parts.every((part, at) => (part.startsWith(':') ? segments[at] !== '' : part === segments[at]));

function wrongMethod(method: string, fits: readonly Compiled[]): Refusal {
  const allowed = new Set(fits.flatMap(({ route }) => (route.method === 'GET' ? ['GET', 'HEAD'] : [route.method])));
  const allow = [...allowed].join(', ');
  return new Refusal(405, 'method-not-allowed', `${method} is not possible here; use ${allow}`, { Allow: allow });
}

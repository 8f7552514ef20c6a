import type { View } from '../domain/ports.ts';
import { json, Refusal } from './answer.ts';
import type { Find, Route } from './router.ts';

/** The exposition in the format that `accept` prefers. */
export interface MetricsText {
  render(accept: string | undefined): { readonly type: string; readonly body: AsyncIterable<string> };
}

/** For machines that watch the daemon: it lives, it is ready, its metrics. */
export function watchedRoutes(view: View, metrics: MetricsText): Route[] {
  return [
    {
      method: 'GET',
      path: '/metrics',
      handle: ({ request }) => ({ kind: 'stream', ...metrics.render(request.headers.accept) }),
    },
    lives,
    {
      method: 'GET',
      path: '/readyz',
      handle: () => {
        const { ready, notReadyBecause, degraded } = view.health();
        if (ready) return json({ ready, degraded });
        throw notReady(notReadyBecause ?? degraded.join('; '));
      },
    },
  ];
}

const lives: Route = {
  method: 'GET',
  path: '/healthz',
  handle: () => ({ kind: 'bytes', type: 'text/plain; charset=utf-8', body: 'ok\n' }),
};

/** While the daemon starts: it lives, and whatever else is asked for will be there soon. */
export const starting =
  (doing: () => string): Find =>
  (_method, { path }) => ({ route: path === lives.path ? lives : soon(doing), param: () => '' });

const soon = (doing: () => string): Route => ({
  method: 'GET',
  path: '/readyz',
  handle: () => {
    throw notReady(doing());
  },
});

const notReady = (why: string): Refusal => new Refusal(503, 'not-ready', `not ready: ${why}`, { 'Retry-After': '1' });

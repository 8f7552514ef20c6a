import type { View } from '../domain/ports.ts';
import { json, Refusal } from './answer.ts';
import type { Route } from './router.ts';

/** The exposition in the format that `accept` prefers. */
export interface MetricsText {
  render(accept: string | undefined): Promise<{ readonly type: string; readonly body: Uint8Array | string }>;
}

/** For machines that watch the daemon: it lives, it is ready, its metrics. */
export function watchedRoutes(view: View, metrics: MetricsText): Route[] {
  return [
    {
      method: 'GET',
      path: '/metrics',
      handle: async ({ request }) => {
        const { type, body } = await metrics.render(request.headers.accept);
        return { kind: 'bytes', type, body };
      },
    },
    {
      method: 'GET',
      path: '/healthz',
      handle: () => ({ kind: 'bytes', type: 'text/plain; charset=utf-8', body: 'ok\n' }),
    },
    {
      method: 'GET',
      path: '/readyz',
      handle: () => {
        const { ready, degraded } = view.health();
        if (ready) return json({ ready, degraded });
        const why = degraded.length > 0 ? degraded.join('; ') : 'the first probes have not been answered yet';
        throw new Refusal(503, 'not-ready', `not ready: ${why}`);
      },
    },
  ];
}

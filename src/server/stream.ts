import type { ServerResponse } from 'node:http';
import type { Incident } from '../domain/incident.ts';
import type { Events, View } from '../domain/ports.ts';
import type { StageId } from '../domain/stage.ts';
import type { DurationMs } from '../domain/time.ts';
import { type Answer, Refusal } from './answer.ts';
import type { ApiEvent } from './api.ts';
import { createRing, frame } from './ring.ts';
import type { Ask, Route } from './router.ts';
import { toApiStage } from './stage-to-api.ts';
import { tellIncidents } from './stories.ts';
import { time, toApiDecision, toApiLease, toApiValve } from './to-api.ts';

export interface StreamOptions {
  readonly view: View;
  readonly readOnly: boolean;
  readonly needsToken: boolean;
  readonly maxClients: number;
  /** Entries kept for clients that come back. */
  readonly ring: number;
  readonly pingEvery: DurationMs;
  /** A client that has so many bytes yet to take is cut off; it comes back and resumes or reads anew. */
  readonly maxBacklog: number;
  onError(thrown: unknown): void;
}

interface Client {
  readonly response: ServerResponse;
  cursor: number;
}

/** Entries rendered before the event loop gets its turn. */
const SLICE = 50;

type Hello = Extract<ApiEvent, { event: 'hello' }>['data'];

/** Live updates over server-sent events: what the daemon announces, as the JSON of the API. */
export function createStream(options: StreamOptions) {
  const { view } = options;
  const clients = new Set<Client>();
  // Sequence numbers go on over restarts, so that an old `Last-Event-ID` is never taken for one of this life.
  const ring = createRing(options.ring, view.now() * 1_000);
  let scheduled = false;
  let closed = false;

  const push = (event: ApiEvent['event'], key: string | undefined, data: () => unknown): void => {
    if (closed) return;
    ring.push(event, key, () => {
      try {
        return data();
      } catch (thrown) {
        // One item that cannot be shown must not end the stream of all others.
        options.onError(thrown);
        return undefined;
      }
    });
    if (scheduled || clients.size === 0) return;
    scheduled = true;
    setImmediate(flush);
  };

  function flush(): void {
    scheduled = false;
    let more = false;
    for (const client of clients) {
      const entries = ring.after(client.cursor, SLICE);
      if (entries === undefined || !write(client, entries.map((entry) => entry.text()).join(''))) {
        drop(client);
        continue;
      }
      client.cursor = Math.min(ring.seq, client.cursor + SLICE);
      more ||= client.cursor < ring.seq;
    }
    if (!more || scheduled) return;
    scheduled = true;
    setImmediate(flush);
  }

  /** False where the client has gone, or still has not taken what it was sent before. */
  const write = ({ response }: Client, text: string): boolean => {
    if (response.destroyed || response.writableLength > options.maxBacklog) return false;
    if (text !== '') response.write(text);
    return true;
  };

  function drop(client: Client): void {
    clients.delete(client);
    client.response.destroy();
  }

  const ping = setInterval(() => {
    for (const client of clients) if (!write(client, ': ping\n\n')) drop(client);
  }, options.pingEvery);
  ping.unref();

  const hello = (resumed: boolean): Hello => ({
    version: view.health().version,
    now: time(view.now()),
    seq: ring.seq,
    readOnly: options.readOnly,
    needsToken: options.needsToken,
    resumed,
  });

  function handle({ request, response, query }: Ask): Answer {
    if (closed) throw new Refusal(503, 'stopping', 'the daemon is stopping');
    if (clients.size >= options.maxClients)
      throw new Refusal(503, 'busy', `${options.maxClients} clients listen already`, { 'Retry-After': '10' });
    response.writeHead(200, {
      'Content-Type': 'text/event-stream; charset=utf-8',
      'Cache-Control': 'no-store',
      'X-Accel-Buffering': 'no',
    });
    if (request.method === 'HEAD') {
      response.end();
      return { kind: 'taken' };
    }
    const last = String(request.headers['last-event-id'] ?? query.get('last_event_id') ?? '');
    const from = /^\d{1,16}$/.test(last) ? Number(last) : Number.NaN;
    const resumed = ring.after(from) !== undefined;
    const client: Client = { response, cursor: resumed ? from : ring.seq };
    clients.add(client);
    response.once('close', () => clients.delete(client));
    // With an id the greeting would claim that everything before it was received.
    response.write(`retry: 2000\n\n${frame('hello', hello(resumed), resumed ? undefined : ring.seq)}`);
    if (resumed) flush();
    return { kind: 'taken' };
  }

  const routes: Route[] = [{ method: 'GET', path: '/api/v1/events', handle }];
  return {
    routes,
    listener: listenerOf(view, push, () => hello(false), options.onError),
    get clients(): number {
      return clients.size;
    },
    close(): void {
      closed = true;
      clearInterval(ping);
      for (const client of clients) client.response.end();
      clients.clear();
    },
  };
}

type Push = (event: ApiEvent['event'], key: string | undefined, data: () => unknown) => void;

/** Turns what the daemon announces into entries. Data is read from the view when it is sent, so it is never older. */
function listenerOf(view: View, push: Push, hello: () => Hello, onError: (thrown: unknown) => void): Partial<Events> {
  const versions = new Map<StageId, number>();
  let chain = Promise.resolve();

  /** Incidents need their leases for the story; they are told one after the other, so that the newest comes last. */
  const tell = (find: () => Promise<Incident | undefined>): void => {
    chain = chain
      .then(async () => {
        const incident = await find();
        const [told] = incident ? await tellIncidents(view, [incident]) : [];
        if (told) push('incident', `incident ${told.id}`, () => told);
      })
      .catch(onError);
  };

  const lookAtValve = (stage: StageId): void => {
    const valve = view.valve(stage);
    if (!valve) return;
    const seen = versions.get(stage);
    versions.set(stage, valve.version);
    if (seen === valve.version || (seen === undefined && valve.state === 'open')) return;
    push('valve', undefined, () => toApiValve(valve));
  };

  return {
    judged: ({ snapshot: { stage: id } }) => {
      push('stage', `stage ${id}`, () => {
        const stage = view.stage(id);
        return stage && toApiStage(stage, view.valve(id));
      });
      lookAtValve(id);
    },
    incidentChanged: ({ incident }) => tell(async () => incident),
    leaseChanged: ({ lease }) => {
      push('lease', undefined, () => toApiLease(lease));
      lookAtValve(lease.stage);
      tell(async () =>
        (await view.incidents({ id: lease.incident, limit: 1_000 })).find(({ id }) => id === lease.incident),
      );
    },
    acted: ({ lease }) => lookAtValve(lease.stage),
    decided: ({ decision }) => push('decision', undefined, () => toApiDecision(decision)),
    notified: ({ notifier, notice, error }) => {
      const { at, change, incident } = notice;
      const told = { at: time(at), notifier, incident: incident.id, change, ok: error === undefined };
      push('notice', undefined, () => (error === undefined ? told : { ...told, error: error.message }));
    },
    configLoaded: ({ ok }) => {
      if (ok) push('hello', 'hello', hello);
    },
  };
}

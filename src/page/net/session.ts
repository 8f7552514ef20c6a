import type { ApiDecision, ApiEvent, ApiIncident, ApiLease, ApiSeries, ApiStage } from '../../server/api.ts';
import type { Contact } from '../model/contact.ts';
import { applyEvent, emptyFleet, type Fleet, putStages } from '../model/fleet.ts';
import { epoch } from '../text/time.ts';
import { getJson } from './api.ts';
import { type SeriesCache, seriesCache } from './series-cache.ts';
import { openStream, type Stream } from './stream.ts';

/** The page's line to the daemon: what it said last, how well it is heard, and its clock. */
export interface Session {
  readonly fleet: Fleet;
  readonly series: SeriesCache;
  contact(): Contact;
  /** The daemon's clock now, in milliseconds since 1970; the browser's own until the daemon was heard. */
  now(): number;
  retry(): void;
  subscribe(listener: () => void): () => void;
}

/** Changes are shown at most this often. */
const SHOW_MS = 200;
/** Policies, budgets and health have no events. */
const POLL_MS = 15_000;
/** A tab nobody sees lets go of its stream after this long. */
const HIDDEN_MS = 60_000;
const HISTORY = 200;

async function load(fleet: Fleet): Promise<void> {
  const [stages, incidents, leases, decisions] = await Promise.all([
    getJson<ApiStage[]>('stages'),
    getJson<ApiIncident[]>(`incidents?limit=${HISTORY}`),
    getJson<ApiLease[]>(`leases?limit=${HISTORY}`),
    getJson<ApiDecision[]>(`decisions?limit=${HISTORY}`),
    // Part of the first picture, which would say else that no policy concerns a stage.
    poll(fleet),
  ]);
  Object.assign(fleet, { incidents, leases, decisions });
  putStages(fleet, stages);
}

async function poll(fleet: Fleet): Promise<void> {
  const ask = async <K extends 'policies' | 'budgets' | 'health'>(key: K): Promise<void> => {
    fleet[key] = await getJson<Fleet[K]>(key);
  };
  await Promise.allSettled([ask('policies'), ask('budgets'), ask('health')]);
}

const askSeries = (stage: string, from: number, to: number, step: number): Promise<ApiSeries> => {
  const dot = stage.indexOf('.');
  const path = `stages/${encodeURIComponent(stage.slice(0, dot))}/${encodeURIComponent(stage.slice(dot + 1))}/series`;
  const query = new URLSearchParams({
    from: new Date(from).toISOString(),
    to: new Date(to).toISOString(),
    step: String(step),
  });
  return getJson<ApiSeries>(`${path}?${query}`);
};

/** Opens the session and keeps it open for the life of the page. */
export function openSession(): Session {
  const fleet = emptyFleet();
  const listeners = new Set<() => void>();
  let contact: Contact = { phase: 'connecting', heardAt: undefined, retryAt: undefined };
  let clockOffset = performance.timeOrigin;
  let due = false;
  let stream: Stream | undefined;
  let hidden: number | undefined;

  const now = (): number => performance.now() + clockOffset;
  const changed = (): void => {
    if (due) return;
    due = true;
    setTimeout(() => {
      due = false;
      for (const listener of listeners) listener();
    }, SHOW_MS);
  };
  const series = seriesCache(askSeries, now, changed);

  const event = (message: ApiEvent): void => {
    applyEvent(fleet, message);
    if (message.event === 'stage') series.saw(message.data);
    if (message.event === 'lease' || message.event === 'decision') void poll(fleet).then(changed);
    if (message.event === 'hello') {
      clockOffset = epoch(message.data.now) - performance.now();
      series.refresh();
      void load(fleet).then(changed, changed);
    }
    changed();
  };
  const connect = (): void => {
    stream = openStream({
      event,
      heard: () => {
        contact = { phase: 'open', heardAt: performance.now(), retryAt: undefined };
      },
      lost: (retryAt) => {
        contact = { phase: 'lost', heardAt: contact.heardAt, retryAt };
        changed();
      },
    });
  };
  document.addEventListener('visibilitychange', () => {
    clearTimeout(hidden);
    if (document.hidden) {
      hidden = setTimeout(() => {
        stream?.close();
        stream = undefined;
      }, HIDDEN_MS);
    } else if (!stream) connect();
  });
  connect();
  setInterval(() => {
    if (contact.phase === 'open' && stream) void poll(fleet).then(changed);
  }, POLL_MS);
  setInterval(changed, 1_000);

  return {
    fleet,
    series,
    now,
    contact: () => contact,
    retry: () => stream?.retry(),
    subscribe: (listener) => {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
  };
}

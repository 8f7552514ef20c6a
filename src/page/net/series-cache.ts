import type { ApiSeries, ApiStage } from '../../server/api.ts';
import { epoch } from '../text/time.ts';

/** A window of time that ends now and moves, or one that stands still. Milliseconds. */
export type Window = { readonly length: number } | { readonly from: number; readonly to: number };

interface Entry {
  readonly stage: string;
  readonly window: Window;
  readonly step: number;
  series: ApiSeries | undefined;
  fetchedAt: number;
  state: 'wanted' | 'asked' | 'there' | 'failed';
}

const MOST_ENTRIES = 96;
const MOST_REQUESTS = 4;
const REFRESH_MS = 5 * 60_000;
/** What lies ahead changes with every sample. */
const REFRESH_AHEAD_MS = 30_000;
const RETRY_MS = 10_000;

/** About how many points one line gets. */
const POINTS = { spark: 120, chart: 360 } as const;

const lengthOf = (window: Window): number => ('length' in window ? window.length : window.to - window.from);

/** Adds the newest snapshot of a stage; within one step it takes the place of the last point. */
export function appended(series: ApiSeries, stage: ApiStage, step: number, from: number): ApiSeries {
  const at = epoch(stage.at);
  const signals = series.signals.map((old) => {
    const now = stage.signals.find((signal) => signal.signal === old.signal);
    const last = old.at.at(-1);
    if (!now || (last !== undefined && at <= last)) return old;
    const before = old.at.at(-2);
    const keep = before !== undefined && at - before < step ? old.at.length - 1 : old.at.length;
    const start = old.at.findIndex((time) => time >= from);
    const cut = <T>(list: readonly T[], next: T): T[] => [...list.slice(Math.max(0, start), keep), next];
    return {
      signal: old.signal,
      at: cut(old.at, at),
      value: cut(old.value, now.value),
      lower: cut(old.lower, now.expected?.lower ?? null),
      upper: cut(old.upper, now.expected?.upper ?? null),
    };
  });
  return { ...series, signals };
}

/**
 * Series for what is on screen, and only that: asked for when first wanted, four at a time, kept up by the stage events, asked
 * anew every five minutes. The oldest are forgotten.
 */
export function seriesCache(
  ask: (stage: string, from: number, to: number, stepSeconds: number) => Promise<ApiSeries>,
  now: () => number,
  changed: () => void,
) {
  const entries = new Map<string, Entry>();
  let running = 0;

  const pump = (): void => {
    for (const entry of entries.values()) {
      if (running >= MOST_REQUESTS) return;
      if (entry.state !== 'wanted') continue;
      running += 1;
      entry.state = 'asked';
      entry.fetchedAt = now();
      const to = 'to' in entry.window ? entry.window.to : now();
      ask(entry.stage, to - lengthOf(entry.window), to, Math.max(1, Math.round(entry.step / 1_000)))
        .then((series) => {
          entry.series = series;
          entry.state = 'there';
        })
        .catch(() => {
          entry.state = 'failed';
        })
        .finally(() => {
          running -= 1;
          changed();
          pump();
        });
    }
  };

  const keyOf = (stage: string, window: Window, kind: string): string =>
    `${kind} ${stage} ${'length' in window ? window.length : `${window.from}-${window.to}`}`;

  return {
    /** The series if it is there; asks for it if not. Called while drawing. */
    want(stage: string, window: Window, kind: keyof typeof POINTS): ApiSeries | undefined {
      const key = keyOf(stage, window, kind);
      const found = entries.get(key);
      const entry: Entry = found ?? {
        stage,
        window,
        step: lengthOf(window) / POINTS[kind],
        series: undefined,
        fetchedAt: now(),
        state: 'wanted',
      };
      const age = now() - entry.fetchedAt;
      const stale =
        entry.state === 'there' &&
        'length' in window &&
        age > (entry.series?.ahead.length ? REFRESH_AHEAD_MS : REFRESH_MS);
      if (stale || (entry.state === 'failed' && age > RETRY_MS)) entry.state = 'wanted';
      // Most recently used last, so that the first entry is the one to forget.
      entries.delete(key);
      entries.set(key, entry);
      for (const old of entries.keys()) if (entries.size > MOST_ENTRIES) entries.delete(old);
      if (entry.state === 'wanted') queueMicrotask(pump);
      return entry.series;
    },
    /** True once an answer came, also where it was a failure. */
    answered: (stage: string, window: Window, kind: keyof typeof POINTS): boolean => {
      const state = entries.get(keyOf(stage, window, kind))?.state;
      return state === 'there' || state === 'failed';
    },
    saw(stage: ApiStage): void {
      for (const entry of entries.values()) {
        if (entry.stage !== stage.id || !entry.series || !('length' in entry.window)) continue;
        entry.series = appended(entry.series, stage, entry.step, now() - entry.window.length);
      }
    },
    /** After contact was lost: what was missed is asked for again. */
    refresh(): void {
      for (const entry of entries.values()) if (entry.state !== 'asked') entry.state = 'wanted';
    },
  };
}

export type SeriesCache = ReturnType<typeof seriesCache>;

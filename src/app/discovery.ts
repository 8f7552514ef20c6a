import type { DiscoveryConfig } from '../config/config.ts';
import type { Discovered } from '../config/for-each.ts';
import { asHeadgateError, HeadgateError } from '../domain/error.ts';
import type { Clock, Events, Store } from '../domain/ports.ts';
import { SECOND } from '../domain/time.ts';

/** Asks a source of that name what is there now. Rejects where it gives no answer. */
export type Ask = (discovery: DiscoveryConfig, abort: AbortSignal) => Promise<readonly string[]>;

export interface DiscoveryParts {
  readonly store: Store;
  readonly clock: Clock;
  readonly events: Pick<Events, 'failed'>;
}

/** What templates are unfolded with: found by sources, kept over restarts, and looked for again on a schedule. */
export interface Discovery {
  /** By pipeline, as far as it was ever found. */
  known(): Discovered;
  /** Takes what the process before had found, then asks for what was never found. Never rejects, nor waits for long. */
  prepare(discoveries: readonly DiscoveryConfig[], ask: Ask): Promise<void>;
  /** Looks again and again from now on, in the place of what was watched before. `changed` must not reject. */
  watch(discoveries: readonly DiscoveryConfig[], ask: Ask, changed: () => Promise<void>): void;
  /** What a person should know of: a source that does not answer, more than the cap, what makes no stage. */
  troubles(): readonly string[];
  stop(): Promise<void>;
}

/** The start waits for the first answers no longer than this; they come in later then, as every change does. */
const FIRST_LOOK = 5 * SECOND;

interface Found {
  /** Another pattern or source has found something else. */
  readonly of: string;
  readonly values: readonly string[];
  /** Of those, what the last look did not show. */
  readonly missed: readonly string[];
}

export function createDiscovery({ store, clock, events }: DiscoveryParts): Discovery {
  const found = new Map<string, Found>();
  const troubles = new Map<string, string>();
  const closing = new AbortController();
  let watching = new AbortController();
  const looking = new Set<Promise<unknown>>();

  const trouble = (discovery: DiscoveryConfig, error: HeadgateError | undefined): void => {
    const { pipeline } = discovery;
    // The same at every look is said once.
    if (error && troubles.get(pipeline) !== error.message)
      events.failed({ what: `discovery of ${ofWhat(discovery)}`, error });
    if (error) troubles.set(pipeline, error.message);
    else troubles.delete(pipeline);
  };

  /** True where what was found is something else than before. Nobody hears of a look that `over` has ended. */
  const look = async (discovery: DiscoveryConfig, ask: Ask, over: AbortSignal, abort = over): Promise<boolean> => {
    const { pipeline, cap } = discovery;
    const before = standing(found.get(pipeline), discovery);
    try {
      const names = await ask(discovery, abort);
      if (over.aborted) return false;
      const after = afterLook(before, names, cap);
      found.set(pipeline, { of: ofWhat(discovery), ...after });
      trouble(discovery, tooMany(discovery, names.length));
      if (before && sameNames(before.values, after.values)) return false;
      await store
        .commit([{ put: 'setting', key: keyOf(pipeline), value: { of: ofWhat(discovery), values: [...after.values] } }])
        .catch(() => {});
      return true;
    } catch (thrown) {
      if (!over.aborted) trouble(discovery, unanswered(discovery, before?.values.length ?? 0, thrown));
      return false;
    }
  };

  const recall = async (discovery: DiscoveryConfig): Promise<void> => {
    if (found.has(discovery.pipeline)) return;
    const kept = await store.setting(keyOf(discovery.pipeline)).catch(() => undefined);
    const { of, values } = (kept ?? {}) as { readonly of?: string; readonly values?: readonly string[] };
    if (of === ofWhat(discovery) && values) found.set(discovery.pipeline, { of, values, missed: [] });
  };

  return {
    known: () => new Map([...found].map(([pipeline, { values }]) => [pipeline, values])),
    prepare: async (discoveries, ask) => {
      await Promise.all(discoveries.map(recall));
      const wanted = new Map(discoveries.map((one) => [one.pipeline, one]));
      for (const pipeline of [...found.keys()]) if (!wanted.has(pipeline)) found.delete(pipeline);
      const fresh = discoveries.filter((one) => !standing(found.get(one.pipeline), one));
      const limit = AbortSignal.any([closing.signal, AbortSignal.timeout(FIRST_LOOK)]);
      await Promise.all(fresh.map((one) => look(one, ask, closing.signal, limit)));
    },
    watch: (discoveries, ask, changed) => {
      watching.abort();
      watching = new AbortController();
      const abort = AbortSignal.any([closing.signal, watching.signal]);
      for (const pipeline of [...troubles.keys()])
        if (!discoveries.some((one) => one.pipeline === pipeline)) troubles.delete(pipeline);
      for (const discovery of discoveries) {
        let cancel = (): void => {};
        const turn = async (): Promise<void> => {
          // `changed` may call `watch` again, which ends this round.
          if (await look(discovery, ask, abort)) await changed();
          if (!abort.aborted) arm();
        };
        const arm = (): void => {
          cancel = clock.timer(discovery.every, () => {
            const running = turn();
            looking.add(running);
            void running.finally(() => looking.delete(running));
          });
        };
        abort.addEventListener('abort', () => cancel(), { once: true });
        arm();
      }
    },
    troubles: () => [...troubles.values()],
    stop: async () => {
      closing.abort();
      await Promise.allSettled(looking);
    },
  };
}

/**
 * What stands after a look. Something is gone once two looks in a row do not show it: a list may be short for a moment, while
 * brokers start or rights are changed. What is watched goes on before anything new, so that a cap takes nobody's place away.
 */
export function afterLook(
  before: Pick<Found, 'values' | 'missed'> | undefined,
  names: readonly string[],
  cap: number,
): Pick<Found, 'values' | 'missed'> {
  const there = new Set(names);
  const missing = (before?.values ?? []).filter((name) => !there.has(name));
  const missed = missing.filter((name) => !before?.missed.includes(name));
  const stays = (before?.values ?? []).filter((name) => there.has(name) || missed.includes(name));
  const known = new Set(stays);
  const added = names.filter((name) => !known.has(name)).toSorted();
  return { values: [...stays, ...added].slice(0, cap).toSorted(), missed };
}

/** What was found for the pipeline, unless its pattern or source is another by now. */
const standing = (found: Found | undefined, discovery: DiscoveryConfig): Found | undefined =>
  found?.of === ofWhat(discovery) ? found : undefined;

const ofWhat = ({ kind, pattern, source, pipeline }: DiscoveryConfig): string =>
  `${kind} ${pattern} of ${source} for ${pipeline}`;

const keyOf = (pipeline: string): string => `discovered/${pipeline}`;

const sameNames = (a: readonly string[], b: readonly string[]): boolean =>
  a.length === b.length && a.every((name, index) => name === b[index]);

function tooMany({ kind, pattern, source, pipeline, cap }: DiscoveryConfig, count: number): HeadgateError | undefined {
  if (count <= cap) return undefined;
  const text = `pipeline ${pipeline}: ${count} ${kind} of ${source} fit ${pattern}, and cap is ${cap}; ${count - cap} are not watched, raise for_each.cap or narrow the pattern`;
  return new HeadgateError('too-large', text);
}

function unanswered(discovery: DiscoveryConfig, kept: number, thrown: unknown): HeadgateError {
  const { kind, source, pipeline } = discovery;
  const { code, message } = asHeadgateError(thrown);
  const stay = kept === 0 ? 'none is watched yet' : `the ${kept} that were found before stay watched`;
  return new HeadgateError(
    code,
    `pipeline ${pipeline}: ${kind} of ${source} could not be listed, ${stay}: ${message}`,
    { cause: thrown },
  );
}

import type { Json } from '../domain/json.ts';
import type { Clock, Store } from '../domain/ports.ts';
import { DAY, type EpochMs } from '../domain/time.ts';
import type { Memory } from '../kit/component.ts';

interface Entry {
  readonly at: EpochMs;
  readonly value: Json;
}

/** What was not forgotten by its owner is after this time: an incident whose end nobody could be told of any more. */
const KEEP = 30 * DAY;

export const memoryKey = (owner: string): string => `memory/${owner}`;

/**
 * The memories of all notifiers, each one row of the store: read once, then answered from the process. A store that fails
 * costs durability, never the notice: the value stays in the process and goes along with the next write.
 */
export function createMemories(store: Store, clock: Clock): (owner: string) => Memory {
  const known = new Map<string, Memory>();
  return (owner) => {
    const memory = known.get(owner) ?? memoryOf(owner, store, clock);
    known.set(owner, memory);
    return memory;
  };
}

function memoryOf(owner: string, store: Store, clock: Clock): Memory {
  const key = memoryKey(owner);
  const entries = new Map<string, Entry>();
  let loaded: Promise<boolean> | undefined;
  const load = async (): Promise<boolean> => {
    try {
      // What was set before the row could be read is newer than the row.
      for (const [name, entry] of entriesIn(await store.setting(key))) if (!entries.has(name)) entries.set(name, entry);
      return true;
    } catch {
      loaded = undefined;
      return false;
    }
  };
  const ready = (): Promise<boolean> => {
    loaded ??= load();
    return loaded;
  };
  const write = async (): Promise<void> => {
    if (!(await ready())) return;
    for (const [name, { at }] of entries) if (at < clock.now() - KEEP) entries.delete(name);
    const value = Object.fromEntries(entries) as unknown as Json;
    await store.commit([{ put: 'setting', key, value }]).catch(() => {});
  };
  return {
    async get(name) {
      await ready();
      return entries.get(name)?.value;
    },
    set(name, value) {
      entries.set(name, { at: clock.now(), value });
      return write();
    },
    async forget(name) {
      await ready();
      if (entries.delete(name)) await write();
    },
  };
}

const entriesIn = (row: Json | undefined): readonly (readonly [string, Entry])[] =>
  Object.entries((row ?? {}) as unknown as Readonly<Record<string, Entry>>);

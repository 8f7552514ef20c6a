/** One thing that happened, for everybody who listens. `data` is made when the first client needs it, then kept. */
export interface Entry {
  readonly seq: number;
  readonly event: string;
  /** Of two entries with one key the later says it all. */
  readonly key: string | undefined;
  /** The text as it goes over the wire; empty where there is nothing to say any more. */
  text(): string;
}

/** The last `capacity` entries, so that a client that was away for a moment misses nothing. */
export function createRing(capacity: number, start: number) {
  const entries: Entry[] = [];
  let seq = start;
  return {
    get seq(): number {
      return seq;
    },

    push(event: string, key: string | undefined, data: () => unknown): void {
      seq += 1;
      entries.push(entryOf(seq, event, key, data));
      // Cut in strokes, since taking one off the front each time would move all others.
      if (entries.length > 2 * capacity) entries.splice(0, entries.length - capacity);
    },

    /**
     * What came after `cursor`, oldest first, at most `limit` (0: all), without entries that a later one in the answer
     * replaces. `undefined` where some of it is forgotten, or `cursor` is from another life of the daemon.
     */
    after(cursor: number, limit = 0): readonly Entry[] | undefined {
      const oldest = seq - entries.length;
      if (!(cursor >= oldest && cursor <= seq)) return undefined;
      const from = entries.length - (seq - cursor);
      const found = entries.slice(from, limit === 0 ? undefined : from + limit);
      const last = new Map(found.map((entry) => [entry.key ?? entry.seq, entry.seq]));
      return found.filter((entry) => last.get(entry.key ?? entry.seq) === entry.seq);
    },
  };
}

function entryOf(seq: number, event: string, key: string | undefined, data: () => unknown): Entry {
  let text: string | undefined;
  return {
    seq,
    event,
    key,
    text: () => {
      if (text === undefined) {
        const value = data();
        text = value === undefined ? '' : frame(event, value, seq);
      }
      return text;
    },
  };
}

/** One server-sent event. JSON has no raw line breaks, so one data line is enough. */
export const frame = (event: string, data: unknown, seq?: number): string =>
  `${seq === undefined ? '' : `id: ${seq}\n`}event: ${event}\ndata: ${JSON.stringify(data)}\n\n`;

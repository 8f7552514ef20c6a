import { HeadgateError } from '../../domain/error.ts';
import { isInForce } from '../../domain/lease.ts';
import type { StateBlob, Store } from '../../domain/ports.ts';
import { apply, copyOf, deleteHistory, emptyJournal, newest, outboxInOrder } from './journal.ts';
import { keepUp, putSample, type Samples, seriesOf, ticksSince } from './samples.ts';

/** Stages looked after in one slice of upkeep. */
const STAGES_PER_SLICE = 50;

/** A store without a disk. Answers are copies; the order and the rules are those of the port. */
export function openMemory(): Store {
  const journal = emptyJournal();
  const samples: Samples = new Map();
  const blobs = new Map<string, StateBlob>();
  let closed = false;
  let round: Samples = new Map();

  const open = <Args extends unknown[], T>(call: (...args: Args) => T) => {
    return async (...args: Args): Promise<T> => {
      if (closed) throw new HeadgateError('store-failed', 'the memory store is closed');
      try {
        return call(...args);
      } catch (cause) {
        throw new HeadgateError('store-failed', `memory store: ${(cause as Error).message}`, { cause });
      }
    };
  };

  return {
    commit: open((changes) => {
      // All copies are made before the first is applied: one that cannot be kept must not leave half of the others.
      for (const change of copyOf(changes)) apply(journal, change);
    }),
    openIncidents: open(() =>
      newest(
        [...journal.incidents.values()].filter((incident) => incident.state !== 'resolved'),
        (incident) => incident.openedAt,
        Number.POSITIVE_INFINITY,
      ),
    ),
    incidents: open(({ state, limit }) =>
      newest(
        [...journal.incidents.values()].filter((incident) => state === undefined || incident.state === state),
        (incident) => incident.openedAt,
        limit,
      ),
    ),
    leasesInForce: open(() =>
      newest([...journal.leases.values()].filter(isInForce), (lease) => lease.grantedAt, Number.POSITIVE_INFINITY),
    ),
    leases: open(({ state, limit }) =>
      newest(
        [...journal.leases.values()].filter((lease) => state === undefined || lease.state === state),
        (lease) => lease.grantedAt,
        limit,
      ),
    ),
    decisions: open(({ stage, limit }) =>
      newest(
        journal.decisions.filter((decision) => stage === undefined || decision.stage === stage),
        (decision) => decision.at,
        limit,
      ),
    ),
    outbox: open(() => outboxInOrder(journal)),
    audit: open((after, limit) =>
      copyOf(journal.audit.filter((link) => link.seq > after).slice(0, Math.max(0, limit))),
    ),
    setting: open((key) => {
      const value = journal.settings.get(key);
      return value === undefined ? undefined : copyOf(value);
    }),
    appendSamples: open((rows) => {
      for (const row of rows) putSample(samples, row);
    }),
    series: open((query) => seriesOf(samples, query)),
    samplesSince: open((stage, from) => ticksSince(samples, stage, from)),
    saveState: open((saved) => {
      for (const { key, at, bytes } of saved) blobs.set(key, { key, at, bytes: bytes.slice() });
    }),
    loadState: open((key) => {
      const blob = blobs.get(key);
      return blob && { ...blob, bytes: blob.bytes.slice() };
    }),
    maintain: open((now, retention) => {
      if (round.size === 0) round = new Map(samples);
      for (const [name, stage] of [...round].slice(0, STAGES_PER_SLICE)) {
        keepUp(stage, now, retention);
        round.delete(name);
      }
      if (round.size > 0) return false;
      deleteHistory(journal, now - retention.history);
      return true;
    }),
    close: async () => {
      closed = true;
    },
  };
}

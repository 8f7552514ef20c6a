import type { StageFault, StageName } from './stage.ts';

export type FaultKind = StageFault | 'crash';

export interface FaultSpec {
  readonly stage: StageName;
  /** How long it lasts. For `crash`: how long until the process is started again. */
  readonly seconds: number;
  /** One line for people, said when it begins. */
  readonly begins: string;
  readonly ends: string;
}

/** What can go wrong in the demo: by itself once (`slow`), and by `headgate demo fault KIND`. */
export const FAULTS: Readonly<Record<FaultKind, FaultSpec>> = {
  slow: {
    stage: 'enrich',
    // As long as a held gate takes to drain the queue: it would be opened into the same trouble otherwise.
    seconds: 30,
    begins: 'each order now takes enrich 3.6 times as long, as when a service it calls degrades',
    ends: 'enrich is as fast as before',
  },
  stop: {
    stage: 'enrich',
    seconds: 30,
    begins: 'the workers of enrich now take no more orders, as when they hang',
    ends: 'the workers of enrich take orders again',
  },
  'drop-rows': {
    stage: 'enrich',
    seconds: 40,
    begins: 'enrich now loses 40 % of its orders without a word, as a wrong filter would',
    ends: 'enrich keeps every order again',
  },
  stale: {
    stage: 'load',
    seconds: 40,
    begins: 'load now writes nothing, as behind a lock in the warehouse',
    ends: 'load writes again',
  },
  crash: {
    stage: 'enrich',
    seconds: 20,
    begins: 'the process of enrich is killed',
    ends: 'the process of enrich is started again',
  },
};

export const FAULT_KINDS = Object.keys(FAULTS) as readonly FaultKind[];

export const isFaultKind = (text: string): text is FaultKind => Object.hasOwn(FAULTS, text);

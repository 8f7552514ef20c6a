import type {
  ApiBudget,
  ApiDecision,
  ApiEvent,
  ApiHealth,
  ApiIncident,
  ApiLease,
  ApiPolicy,
  ApiStage,
} from '../../server/api.ts';
import { epoch } from '../text/time.ts';
import { learnedShare } from './state.ts';

export type Notice = Extract<ApiEvent, { event: 'notice' }>['data'];

/** Everything the page knows, as the daemon last said it. Lists are newest first. `loaded` is false before the first answer. */
export interface Fleet {
  loaded: boolean;
  version: string;
  readOnly: boolean;
  stages: Map<string, ApiStage>;
  incidents: ApiIncident[];
  leases: ApiLease[];
  decisions: ApiDecision[];
  notices: Notice[];
  policies: ApiPolicy[];
  budgets: ApiBudget[];
  health: ApiHealth | undefined;
  /** What share a stage had learned when it was first seen learning; the pace follows from it. */
  firstLearned: Map<string, { at: number; share: number }>;
}

export const emptyFleet = (): Fleet => ({
  loaded: false,
  version: '',
  readOnly: false,
  stages: new Map(),
  incidents: [],
  leases: [],
  decisions: [],
  notices: [],
  policies: [],
  budgets: [],
  health: undefined,
  firstLearned: new Map(),
});

/** How much history the page keeps in memory; the rest is asked for when it is wanted. */
const KEEP = 500;

function putStage(fleet: Fleet, stage: ApiStage): void {
  const before = fleet.stages.get(stage.id);
  // An answer that was under way while a newer event came must not turn the clock back.
  if (before && epoch(before.at) > epoch(stage.at)) return;
  fleet.stages.set(stage.id, stage);
  const share = learnedShare(stage);
  if (share >= 1) fleet.firstLearned.delete(stage.id);
  else if (stage.at && !fleet.firstLearned.has(stage.id)) {
    fleet.firstLearned.set(stage.id, { at: epoch(stage.at), share });
  }
}

function putFirst<T extends { id: string }>(list: readonly T[], item: T): T[] {
  const at = list.findIndex((one) => one.id === item.id);
  if (at < 0) return [item, ...list].slice(0, KEEP);
  return list.with(at, item);
}

/** Takes the full lists of stages, as after `hello`; stages that are gone from the config go. */
export function putStages(fleet: Fleet, stages: readonly ApiStage[]): void {
  const named = new Set(stages.map((stage) => stage.id));
  for (const id of fleet.stages.keys()) if (!named.has(id)) fleet.stages.delete(id);
  for (const stage of stages) putStage(fleet, stage);
  fleet.loaded = true;
}

/** Takes one event of the stream. Events of kinds this build does not know are ignored. */
export function applyEvent(fleet: Fleet, message: ApiEvent): void {
  switch (message.event) {
    case 'hello':
      fleet.version = message.data.version;
      fleet.readOnly = message.data.readOnly;
      return;
    case 'stage':
      putStage(fleet, message.data);
      return;
    case 'incident':
      fleet.incidents = putFirst(fleet.incidents, message.data);
      return;
    case 'lease':
      fleet.leases = putFirst(fleet.leases, message.data);
      return;
    case 'valve': {
      const stage = fleet.stages.get(message.data.stage);
      if (stage && message.data.version >= stage.valve.version) {
        fleet.stages.set(stage.id, { ...stage, valve: message.data });
      }
      return;
    }
    case 'decision':
      fleet.decisions = [message.data, ...fleet.decisions].slice(0, KEEP);
      return;
    case 'notice':
      fleet.notices = [message.data, ...fleet.notices].slice(0, KEEP);
  }
}

/** When the newest snapshot of any stage was taken, in milliseconds since 1970; undefined before the first. */
export function newestData(fleet: Fleet): number | undefined {
  let newest = Number.NaN;
  for (const stage of fleet.stages.values()) {
    const at = epoch(stage.at);
    if (!(at <= newest)) newest = Number.isNaN(at) ? newest : at;
  }
  return Number.isNaN(newest) ? undefined : newest;
}

/** The shortest interval at which any stage is asked, in milliseconds; 10 s where there is none. */
export function fastestPoll(fleet: Fleet): number {
  let fastest = Number.POSITIVE_INFINITY;
  for (const stage of fleet.stages.values()) fastest = Math.min(fastest, stage.everySeconds);
  return Number.isFinite(fastest) ? fastest * 1_000 : 10_000;
}

/** When a learning stage will be ready at the pace seen so far, in milliseconds since 1970; undefined where that cannot be told. */
export function readyAt(fleet: Fleet, stage: ApiStage): number | undefined {
  const first = fleet.firstLearned.get(stage.id);
  const at = epoch(stage.at);
  const share = learnedShare(stage);
  if (!first || !(share > first.share) || !(at - first.at >= 5_000)) return undefined;
  return at + ((1 - share) * (at - first.at)) / (share - first.share);
}

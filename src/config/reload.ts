import { type StagePlan, stagesOf } from '../domain/plan.ts';
import type { StageId } from '../domain/stage.ts';
import { inOneGo } from '../kit/breath.ts';
import { canonical } from './canonical.ts';
import type { Config } from './config.ts';

/** Names in the order of the new config; what was removed in the order of the old one. */
export interface Difference<Name extends string = string> {
  readonly added: readonly Name[];
  readonly removed: readonly Name[];
  readonly changed: readonly Name[];
  readonly unchanged: readonly Name[];
}

export interface Reload {
  readonly stages: Difference<StageId>;
  /** Those of the changed stages that must forget what they learned: their fingerprint is another. */
  readonly relearning: readonly StageId[];
  readonly sources: Difference;
  readonly actuators: Difference;
  readonly notifiers: Difference;
  readonly policies: Difference;
  /** Sections that changed and that only a restart puts in force. */
  readonly needRestart: readonly ('server' | 'store' | 'tracing')[];
}

/**
 * What a reload changes. Both configs must have been loaded by this process: secrets are compared by digests that hold in
 * one process only.
 */
export const describeReload = (before: Config, after: Config): Reload => inOneGo(describingReload(before, after));

/** The same, a stage a step. */
export function* describingReload(before: Config, after: Config): Generator<void, Reload> {
  const [oldStages, newStages] = [stagesById(before), stagesById(after)];
  const stages = difference(yield* looks(before, oldStages), yield* looks(after, newStages));
  const digests = (components: ReadonlyMap<string, { readonly digest: string }>) =>
    mapped(components, (_, { digest, ...rest }) => `${digest} ${'concurrency' in rest ? rest.concurrency : ''}`);
  const policies = (config: Config) => new Map(config.plan.policies.map((one) => [one.name, one.fingerprint]));
  return {
    stages,
    relearning: stages.changed.filter((id) => oldStages.get(id)?.fingerprint !== newStages.get(id)?.fingerprint),
    sources: difference(digests(before.sources), digests(after.sources)),
    actuators: difference(digests(before.actuators), digests(after.actuators)),
    notifiers: difference(digests(before.notifiers), digests(after.notifiers)),
    policies: difference(policies(before), policies(after)),
    needRestart: (['server', 'store', 'tracing'] as const).filter(
      (section) => canonical(before[section]) !== canonical(after[section]),
    ),
  };
}

/** What of each stage would be another after a change to it. */
function* looks(
  config: Config,
  stages: ReadonlyMap<StageId, StagePlan>,
): Generator<void, ReadonlyMap<StageId, string>> {
  const found = new Map<StageId, string>();
  for (const [id, plan] of stages) {
    found.set(id, canonical([plan, config.probes.get(id)]));
    yield;
  }
  return found;
}

/** `stages 2 added, 1 changed; sources 1 removed`, or `nothing changed`. */
export function formatReload(reload: Reload): string {
  const parts = (['stages', 'sources', 'actuators', 'notifiers', 'policies'] as const).flatMap((section) => {
    const { added, removed, changed } = reload[section];
    const counts = Object.entries({ added, removed, changed }).filter(([, names]) => names.length > 0);
    return counts.length === 0
      ? []
      : [`${section} ${counts.map(([how, names]) => `${names.length} ${how}`).join(', ')}`];
  });
  const restart = reload.needRestart.map((section) => `${section} needs a restart`);
  return [...parts, ...restart].join('; ') || 'nothing changed';
}

const stagesById = (config: Config): ReadonlyMap<StageId, StagePlan> =>
  new Map(stagesOf(config.plan).map((stage) => [stage.id, stage]));

const mapped = <Name extends string, Value>(
  map: ReadonlyMap<Name, Value>,
  call: (name: Name, value: Value) => string,
): ReadonlyMap<Name, string> => new Map([...map].map(([name, value]) => [name, call(name, value)]));

function difference<Name extends string>(
  before: ReadonlyMap<Name, string>,
  after: ReadonlyMap<Name, string>,
): Difference<Name> {
  const stays = [...after.keys()].filter((name) => before.has(name));
  return {
    added: [...after.keys()].filter((name) => !before.has(name)),
    removed: [...before.keys()].filter((name) => !after.has(name)),
    changed: stays.filter((name) => before.get(name) !== after.get(name)),
    unchanged: stays.filter((name) => before.get(name) === after.get(name)),
  };
}

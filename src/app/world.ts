import type { Config, ProbeConfig } from '../config/config.ts';
import { HeadgateError } from '../domain/error.ts';
import type { Reversibility } from '../domain/lease.ts';
import type { Notice } from '../domain/notice.ts';
import type { Plan, StagePlan } from '../domain/plan.ts';
import type { Clock, Random, Valves } from '../domain/ports.ts';
import type { StageId } from '../domain/stage.ts';
import type { EpochMs } from '../domain/time.ts';
import type { Route } from '../engine/notify.ts';
import type { Probe } from '../engine/sample.ts';
import { phaseOf } from '../engine/schedule.ts';
import type { StageDetector } from '../engine/stage.ts';
import type { Actuator, Memory, Notifier, Registry, Source } from '../kit/component.ts';
import { type Limiter, limiter } from '../kit/limits.ts';
import { seededRandom } from '../stats/random.ts';
import { maintenanceCalendar, retrainingCalendar } from './calendar.ts';
import { type Seeds, seedsOf } from './seed-past.ts';

/** The outside as one config describes it, already made. Replaced whole on a reload. */
export interface World {
  readonly plan: Plan;
  readonly routes: readonly Route[];
  readonly probes: ReadonlyMap<StageId, readonly Probe[]>;
  readonly actuators: ReadonlyMap<string, Actuator>;
  readonly notifiers: ReadonlyMap<string, Notifier>;
  readonly reversibility: ReadonlyMap<string, Reversibility>;
  readonly detectors: (stage: StagePlan) => readonly StageDetector[];
  readonly inMaintenance: (stage: StageId, now: EpochMs) => boolean;
  readonly mayRetrain?: (stage: StageId, now: EpochMs) => boolean;
  /** Stages that learn from their past before they are sampled for the first time. */
  readonly seeds?: Seeds;
}

/** What components are made with. */
export interface Surroundings {
  readonly registry: Registry;
  readonly clock: Clock;
  readonly random: Random;
  readonly valves: Valves;
  readonly pageUrl: string;
  readonly say: (notice: Notice) => void;
  /** What the notifier of that name keeps over restarts. */
  readonly memory: (notifier: string) => Memory;
}

interface Made<T> {
  readonly digest: string;
  readonly thing: T;
}

interface OpenSource {
  readonly source: Source<unknown>;
  readonly limits: Limiter;
}

/** Everything a config asks for, made; and what a reload needs to know of it. */
export interface MadeWorld {
  readonly world: World;
  readonly sources: OpenSources;
  readonly actuators: ReadonlyMap<string, Made<Actuator>>;
  readonly notifiers: ReadonlyMap<string, Made<Notifier>>;
}

/** More waiting probes than this per source mean that the source cannot keep up; they become gaps at once. */
const QUEUE = 10_000;
/** The longest a probe may take, whatever its own timeout says: two probes of one stage never overlap for long. */
const LONGEST_PROBE = 60_000;

/**
 * Makes what the config asks for. Components whose configuration is unchanged are taken over from `before`, so that a reload
 * neither drops connections nor forgets counters; `closeUnused` then ends what nobody uses any more.
 */
export function makeWorld(config: Config, around: Surroundings, before?: Omit<MadeWorld, 'world'>): MadeWorld {
  const { registry } = around;
  const sources = openSources(config.sources, around, before?.sources);
  const actuators = reuse(config.actuators, before?.actuators, ({ type, config: own }) =>
    find(registry.actuators, type).create(own, around),
  );
  const notifiers = reuse(config.notifiers, before?.notifiers, ({ type, config: own }, name) =>
    find(registry.notifiers, type).create(own, { ...around, memory: around.memory(name) }),
  );
  const world: World = {
    plan: config.plan,
    routes: config.routes,
    probes: new Map([...config.probes].map(([id, list]) => [id, list.map((probe) => bind(probe, sources))])),
    actuators: things(actuators),
    notifiers: things(notifiers),
    reversibility: reversibilities(config, registry),
    detectors: detectorsFrom(registry, config.plan.holidays),
    inMaintenance: maintenanceCalendar(config.maintenance),
    mayRetrain: retrainingCalendar(config.retraining),
    seeds: seedsOf(config, registry),
  };
  return { world, sources, actuators, notifiers };
}

export type OpenSources = ReadonlyMap<string, Made<OpenSource>>;

/** Opens the sources that are not open yet. */
export function openSources(wanted: Config['sources'], around: Surroundings, before?: OpenSources): OpenSources {
  return reuse(wanted, before, ({ type, config: own, concurrency }, name) => {
    const source = find(around.registry.sources, type).create(own, around);
    return { source, limits: limiter(`source ${name}`, { concurrency, queue: QUEUE, timeout: LONGEST_PROBE }) };
  });
}

/** Ends the sources of `before` that `now` does not use. */
export async function closeUnusedSources(before: OpenSources, now: OpenSources | undefined): Promise<void> {
  const unused = [...before].filter(([name, { thing }]) => now?.get(name)?.thing !== thing);
  await Promise.allSettled(unused.map(([, { thing }]) => thing.source.close()));
}

/** Ends the components of `before` that `now` does not use. */
export async function closeUnused(before: MadeWorld, now: MadeWorld | undefined): Promise<void> {
  const closing: Promise<void>[] = [closeUnusedSources(before.sources, now?.sources)];
  for (const [name, { thing }] of before.actuators)
    if (now?.actuators.get(name)?.thing !== thing) closing.push(thing.close());
  for (const [name, { thing }] of before.notifiers)
    if (now?.notifiers.get(name)?.thing !== thing) closing.push(thing.close());
  await Promise.allSettled(closing);
}

/** Detectors of a stage, seeded by its name, so that two daemons with one config make the same forests. */
export function detectorsFrom(
  registry: Registry,
  holidays: readonly number[],
): (stage: StagePlan) => readonly StageDetector[] {
  return (stage) =>
    stage.detectors.map(({ type, config }) => {
      const definition = find(registry.detectors, type);
      const random = seededRandom(Math.floor(phaseOf(`${stage.id}/${type}`) * 2 ** 32));
      return { type, pass: definition.pass, detector: definition.create(config, { stage, random, holidays }) };
    });
}

export function reversibilities(config: Config, registry: Registry): ReadonlyMap<string, Reversibility> {
  return new Map([...config.actuators].map(([name, { type }]) => [name, find(registry.actuators, type).reversibility]));
}

function find<T extends { readonly type: string }>(definitions: readonly T[], type: string): T {
  const found = definitions.find((one) => one.type === type);
  if (!found) throw new HeadgateError('bad-config', `there is no component of type ${type} in this build`);
  return found;
}

function reuse<C extends { readonly digest: string }, T>(
  wanted: ReadonlyMap<string, C>,
  before: ReadonlyMap<string, Made<T>> | undefined,
  make: (config: C, name: string) => T,
): ReadonlyMap<string, Made<T>> {
  return new Map(
    [...wanted].map(([name, config]) => {
      const old = before?.get(name);
      return [name, old?.digest === config.digest ? old : { digest: config.digest, thing: make(config, name) }];
    }),
  );
}

const things = <T>(made: ReadonlyMap<string, Made<T>>): ReadonlyMap<string, T> =>
  new Map([...made].map(([name, { thing }]) => [name, thing]));

function bind(probe: ProbeConfig, sources: OpenSources): Probe {
  const open = sources.get(probe.source)?.thing;
  return {
    name: probe.name,
    source: probe.source,
    signals: probe.signals.map((signal) => signal.name),
    read(stage: StageId, abort: AbortSignal) {
      if (!open) throw new HeadgateError('bad-config', `source ${probe.source} is not configured`);
      return open.limits.run((inner) => open.source.probe(probe.ask, stage, inner), abort);
    },
  };
}

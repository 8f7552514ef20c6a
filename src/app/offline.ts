import type { Config } from '../config/config.ts';
import { EVERYWHERE } from '../config/stages.ts';
import { HeadgateError } from '../domain/error.ts';
import type { ExcludedRange } from '../domain/excluded.ts';
import type { Plan, StagePlan } from '../domain/plan.ts';
import type { Store } from '../domain/ports.ts';
import { graphOf, type StageId } from '../domain/stage.ts';
import { DAY, type DurationMs, type EpochMs, WEEK } from '../domain/time.ts';
import { Engine } from '../engine/engine.ts';
import { defaultSignalPlan } from '../engine/plan.ts';
import type { Registry } from '../kit/component.ts';
import { parseDuration } from '../kit/duration.ts';
import { registry } from '../registry.ts';
import { maintenanceCalendar, retrainingCalendar } from './calendar.ts';
import { detectorsFrom, reversibilities } from './world.ts';

/** The detectors a stage has where nothing else is configured, with their default settings. */
export const defaultDetectors = (): StagePlan['detectors'] =>
  registry.detectors
    .filter(({ type }) => EVERYWHERE.includes(type))
    .map(({ type, config }) => ({ type, config: config.parse({}) }));

/** @throws HeadgateError `bad-config` where the text is no duration. */
export function durationOf(text: string): DurationMs {
  const length = parseDuration(text.trim());
  if (length === undefined)
    throw new HeadgateError('bad-config', `"${text}" is no duration; want something such as 15s, 5m or 1h30m`);
  return length;
}

export interface OneStage {
  readonly stage: StageId;
  readonly signals: readonly string[];
  readonly every: DurationMs;
  readonly season: readonly DurationMs[];
  readonly pagesPerWeek: number;
  readonly learnUntil: EpochMs | undefined;
  readonly excluded?: readonly ExcludedRange[];
}

/**
 * An engine for one stage with the default detectors, as the daemon would make it for a stage without further settings; with those of
 * `components` where the bench has others.
 */
export function engineForOne(
  { stage: id, signals, every, season, pagesPerWeek, learnUntil, excluded = [] }: OneStage,
  components: Registry = registry,
): Engine {
  const budget = { pagesPerWeek, ticketsPerWeek: (pagesPerWeek * WEEK) / DAY };
  const stage: StagePlan = {
    id,
    after: [],
    every,
    season,
    budget,
    signals: new Map(signals.map((name) => [name, { ...defaultSignalPlan(name), direction: 'both' as const }])),
    derive: [],
    detectors: defaultDetectors(),
    excluded,
    fingerprint: id,
  };
  const plan: Plan = {
    pipelines: [{ name: id, stages: [stage], budget }],
    policies: [],
    graph: graphOf(new Map([[id, []]])),
    holidays: [],
  };
  // Nobody labels what is found in a file; four weeks of it may well hold more that is real than a week's budget has pages.
  return offlineEngine(plan, { learnUntil, demotes: false, components });
}

/** An engine without a daemon around it. `actuators` are taken to undo exactly. */
export function offlineEngine(
  plan: Plan,
  {
    learnUntil,
    sequence = 0,
    demotes = true,
    components = registry,
  }: {
    readonly learnUntil?: EpochMs | undefined;
    readonly sequence?: number;
    readonly demotes?: boolean;
    readonly components?: Registry;
  },
): Engine {
  const actuators = plan.policies.flatMap((policy) => policy.may.map((option) => option.actuator));
  return new Engine({
    plan,
    detectors: detectorsFrom(components, plan.holidays),
    reversibility: new Map(actuators.map((name) => [name, 'native-lease'])),
    inMaintenance: () => false,
    ...(learnUntil === undefined ? {} : { learnUntil }),
    sequence,
    demotes,
  });
}

/** Opens a store by its type, such as `sqlite` with `{ path }`. */
export async function openStore(
  type: string,
  config: unknown,
  say: (message: string) => void = () => {},
): Promise<Store> {
  const definition = registry.stores.find((one) => one.type === type);
  if (!definition) throw new HeadgateError('bad-config', `there is no store of type ${type} in this build`);
  return definition.open(definition.config.parse(config), say);
}

/** An engine for a whole config, with its calendars and without its sources, gates and notifiers. */
export function engineForConfig(config: Config): Engine {
  return new Engine({
    plan: config.plan,
    detectors: detectorsFrom(registry, config.plan.holidays),
    reversibility: reversibilities(config, registry),
    inMaintenance: maintenanceCalendar(config.maintenance),
    mayRetrain: retrainingCalendar(config.retraining),
    sequence: 0,
  });
}

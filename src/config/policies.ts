import { NEEDS_OPT_IN, type RequestKind } from '../domain/lease.ts';
import type { OptionPlan, PolicyPlan } from '../domain/plan.ts';
import { SIGNAL_NAME } from '../domain/signal.ts';
import { type Graph, pipelineOf, type StageId } from '../domain/stage.ts';
import type { ActuatorDefinition } from '../kit/component.ts';
import { fingerprintOf } from './digest.ts';
import type { Findings } from './findings.ts';
import { hint, type Path } from './problem.ts';
import { type Bound, boundOf } from './quantity.ts';
import type { RootShape } from './shape.ts';
import { readBound, warnOfSlips } from './signals.ts';

type PolicyShape = RootShape['policies'][string];
type OptionShape = PolicyShape['may'][number];

export interface PolicyScene {
  /** Every stage written in the file. */
  readonly stages: ReadonlySet<string>;
  /** Absent while the edges themselves are wrong. */
  readonly graph: Graph | undefined;
  /** Definitions by the name of the actuator; `undefined` where that actuator is wrong elsewhere. */
  readonly actuators: ReadonlyMap<string, ActuatorDefinition | undefined>;
  signalsOf(stage: StageId): readonly string[];
  everyOf(stage: StageId): number | undefined;
  readonly findings: Findings;
}

export function readPolicies(policies: RootShape['policies'], scene: PolicyScene): PolicyPlan[] {
  return Object.entries(policies).flatMap(([name, shape]) => {
    const path = ['policies', name];
    const keep = readKeep(shape.keep, [...path, 'keep'], scene);
    const may = shape.may.map((one, index) => readOption(one, keep?.stage, [...path, 'may', index], scene));
    warnOfShortLease(shape, keep?.stage, path, scene);
    if (!keep) return [];
    const { mode, lease, cooldown, confirm, max_renewals: maxRenewals } = shape;
    const plan = { name, mode, keep, may, lease, cooldown, confirm, maxRenewals };
    return [{ ...plan, fingerprint: fingerprintOf(plan) }];
  });
}

function readKeep(
  { stage: id, ...rest }: PolicyShape['keep'],
  path: Path,
  scene: PolicyScene,
): PolicyPlan['keep'] | undefined {
  const { findings } = scene;
  const stage = id as StageId;
  if (!checkStage(id, [...path, 'stage'], scene)) return undefined;
  const [[signal, written] = [], ...more] = Object.entries(rest as Record<string, PolicyShape['keep'][string]>);
  if (signal === undefined || written === undefined) {
    findings.error(path, 'names no signal; want one such as lag_seconds: 2m');
    return undefined;
  }
  for (const [another] of more) findings.error([...path, another], 'a policy keeps one signal; write a second policy');
  if (!SIGNAL_NAME.test(signal)) {
    findings.error([...path, signal], 'a signal is named in snake_case, such as lag_seconds');
    return undefined;
  }
  warnOfSlips([signal], scene.signalsOf(stage), path, findings);
  const here = [...path, signal];
  if (typeof written !== 'object') return { stage, signal, below: readBound(signal, written, here, findings) };
  const { above, below } = written;
  if (above === undefined && below === undefined) findings.error(here, 'names no bound; want above or below');
  return {
    stage,
    signal,
    ...(above === undefined ? {} : { above: readBound(signal, above, [...here, 'above'], findings) }),
    ...(below === undefined ? {} : { below: readBound(signal, below, [...here, 'below'], findings) }),
  };
}

function checkStage(id: string, path: Path, { stages, findings }: PolicyScene): boolean {
  if (stages.has(id)) return true;
  const own = [...stages].filter((one) => pipelineOf(one as StageId) === pipelineOf(id as StageId));
  findings.error(path, `unknown stage "${id}"${hint(id, stages.size > 12 && own.length > 0 ? own : stages)}`);
  return false;
}

function readOption(written: OptionShape, kept: StageId | undefined, path: Path, scene: PolicyScene): OptionPlan {
  const { findings } = scene;
  const { actuator, kind, accept } = written;
  const stage = written.stage as StageId;
  const known = checkStage(stage, [...path, 'stage'], scene);
  if (!scene.actuators.has(actuator))
    findings.error([...path, 'actuator'], `unknown actuator "${actuator}"${hint(actuator, scene.actuators.keys())}`);
  const definition = scene.actuators.get(actuator);
  if (definition && !definition.kinds.includes(kind))
    findings.error(
      [...path, 'kind'],
      `actuator ${actuator} (type ${definition.type}) cannot ${kind}; it can ${definition.kinds.join(', ')}`,
    );
  if (
    definition &&
    NEEDS_OPT_IN.has(definition.reversibility) &&
    !accept.some((one) => one === definition.reversibility)
  )
    findings.error(
      path,
      `actuator ${actuator} is ${definition.reversibility}: it cannot put back exactly what stood; write accept: [${definition.reversibility}] if that is meant`,
    );
  checkNumbers(written, path, findings);
  if (known && kept !== undefined && scene.graph) warnOfPlace(stage, kept, kind, path, scene.graph, findings);
  return {
    actuator,
    stage,
    kind,
    ...(written.floor === undefined ? {} : { floor: readFloor(written.floor, [...path, 'floor'], findings) }),
    ...(kind === 'scale' ? { min: written.min ?? 1 } : {}),
    ...(written.max === undefined ? {} : { max: written.max }),
    ...(written.startup === undefined ? {} : { startup: written.startup }),
    accept,
  };
}

function readFloor(written: Bound, path: Path, findings: Findings): number {
  const read = boundOf('floor_per_second', written);
  if ('value' in read && read.value > 0) return read.value;
  findings.error(path, 'want a rate above zero such as 20/s; to stop the flow there is kind: pause');
  return 1;
}

function checkNumbers({ kind, floor, min, max, startup }: OptionShape, path: Path, findings: Findings): void {
  if (kind === 'throttle' && floor === undefined)
    findings.error(path, 'throttle wants floor: the rate it never goes below, such as 20/s');
  if (kind !== 'throttle' && floor !== undefined)
    findings.error([...path, 'floor'], `floor is for throttle, not for ${kind}`);
  if (kind === 'scale' && max === undefined) findings.error(path, 'scale wants max: the most replicas it may ask for');
  for (const [key, value] of Object.entries({ min, max, startup }))
    if (kind !== 'scale' && value !== undefined) findings.error([...path, key], `${key} is for scale, not for ${kind}`);
  if (min !== undefined && max !== undefined && min > max)
    findings.error([...path, 'min'], `min ${min} is more than max ${max}`);
}

/** Closing a gate helps what lies below it; more workers help the stage itself and, by their output, what is on its path. */
function warnOfPlace(
  target: StageId,
  kept: StageId,
  kind: RequestKind,
  path: Path,
  graph: Graph,
  findings: Findings,
): void {
  const helps =
    kind === 'scale' ? graph.onOnePath(target, kept) : target === kept || graph.ancestors(kept).includes(target);
  if (!helps)
    findings.warning(
      [...path, 'stage'],
      `${target} does not feed ${kept}, so to ${kind} it may not help what the policy keeps`,
    );
}

/** A lease is renewed once a look: one that lives for less than two looks opens and closes the gate in turn. */
function warnOfShortLease(shape: PolicyShape, kept: StageId | undefined, path: Path, scene: PolicyScene): void {
  const every = kept === undefined ? undefined : scene.everyOf(kept);
  if (every !== undefined && shape.lease < 3 * every)
    scene.findings.warning(
      [...path, 'lease'],
      'is shorter than three looks at the stage it keeps; it may expire between two renewals',
    );
}

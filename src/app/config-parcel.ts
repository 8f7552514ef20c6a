import type { Config, ProbeConfig } from '../config/config.ts';
import type { PipelinePlan, StagePlan } from '../domain/plan.ts';
import { graphOf, type StageId } from '../domain/stage.ts';
import { Secret, type SecretParts } from '../kit/secret.ts';

// A config on its way from one thread to another: secrets as their parts, the graph left out, since it is made of functions, and
// the stages by themselves, so that taking it in can be done in pieces.

/** Everything but the stages. */
export interface ParcelHead {
  readonly kind: 'head';
  readonly config: Omit<Config, 'plan' | 'probes'>;
  readonly policies: Config['plan']['policies'];
  readonly holidays: Config['plan']['holidays'];
  readonly pipelines: readonly Omit<PipelinePlan, 'stages'>[];
}

/** A few stages of one pipeline, with their probes. */
export interface ParcelStages {
  readonly kind: 'stages';
  readonly pipeline: string;
  readonly stages: readonly StagePlan[];
  readonly probes: readonly (readonly [StageId, readonly ProbeConfig[]])[];
}

export type Parcel = ParcelHead | ParcelStages;

/** Stages taken in at once: a millisecond or two. */
const TOGETHER = 25;

export function* wrap({ plan, probes, ...config }: Config): Generator<Parcel> {
  const { policies, holidays } = plan;
  const pipelines = plan.pipelines.map(({ stages: _, ...pipeline }) => pipeline);
  yield wrapped({ kind: 'head', config, policies, holidays, pipelines });
  for (const { name, stages } of plan.pipelines) {
    for (let at = 0; at < stages.length; at += TOGETHER) {
      const some = stages.slice(at, at + TOGETHER);
      const asked = some.map(({ id }) => [id, probes.get(id) ?? []] as const);
      yield wrapped({ kind: 'stages', pipeline: name, stages: some, probes: asked });
    }
  }
}

/** Takes parcels in, in the order in which they were made. */
export function createUnwrapping(): { take(parcel: Parcel): void; config(): Config | undefined } {
  let head: ParcelHead | undefined;
  const stages = new Map<string, StagePlan[]>();
  const probes = new Map<StageId, readonly ProbeConfig[]>();
  return {
    take(parcel) {
      const whole = unwrapped(parcel);
      if (whole.kind === 'head') head = whole;
      else {
        stages.set(whole.pipeline, [...(stages.get(whole.pipeline) ?? []), ...whole.stages]);
        for (const [id, asked] of whole.probes) probes.set(id, asked);
      }
    },
    config() {
      if (!head) return undefined;
      const { config, policies, holidays } = head;
      const pipelines = head.pipelines.map((pipeline) => ({ ...pipeline, stages: stages.get(pipeline.name) ?? [] }));
      const after = [...stages.values()].flatMap((list) => list.map((stage) => [stage.id, stage.after] as const));
      const plan = { pipelines, policies, holidays, graph: graphOf(new Map(after)) };
      return { ...config, plan, probes };
    },
  };
}

/** Stands in the place of a secret. */
class Wrapped {
  readonly wrappedSecret: SecretParts;
  constructor(parts: SecretParts) {
    this.wrappedSecret = parts;
  }
}

const wrapped = <T>(value: T): T =>
  mapped(value, (one) => (one instanceof Secret ? new Wrapped(one.parts()) : undefined)) as T;

const unwrapped = <T>(value: T): T =>
  mapped(value, (one) => ('wrappedSecret' in one ? Secret.from((one as Wrapped).wrappedSecret) : undefined)) as T;

/** The value with everything replaced that `replace` answers for. What holds nothing of that kind stays what it is. */
function mapped(value: unknown, replace: (value: object) => unknown): unknown {
  if (typeof value !== 'object' || value === null || ArrayBuffer.isView(value)) return value;
  const other = replace(value);
  if (other !== undefined) return other;
  if (Array.isArray(value)) return changedList(value, replace) ?? value;
  if (value instanceof Map) {
    const pairs = changedList([...value], replace) as [unknown, unknown][] | undefined;
    return pairs ? new Map(pairs) : value;
  }
  if (value instanceof Set || value instanceof RegExp || value instanceof Date) return value;
  const values = changedList(Object.values(value), replace);
  return values ? Object.fromEntries(Object.keys(value).map((key, at) => [key, values[at]])) : value;
}

function changedList(list: readonly unknown[], replace: (value: object) => unknown): unknown[] | undefined {
  const after = list.map((one) => mapped(one, replace));
  return after.some((one, at) => one !== list[at]) ? after : undefined;
}

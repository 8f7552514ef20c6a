import type { DerivePlan, LimitPlan, SignalPlan, SignalRef } from '../domain/plan.ts';
import { SIGNAL_NAME, type Signal, signalSpec, WELL_KNOWN_SIGNALS } from '../domain/signal.ts';
import { STAGE_NAME, type StageId, stageId } from '../domain/stage.ts';
import { readExclude } from './exclude.ts';
import type { Findings } from './findings.ts';
import { hint, nearest, type Path } from './problem.ts';
import { type Bound, boundOf } from './quantity.ts';
import type { RootShape } from './shape.ts';

type StageShape = RootShape['pipelines'][string]['stages'][string];
type Written = StageShape['signals'][string];

/** A bound in the unit of its signal; 0 where it is wrong, and that is said. */
export function readBound(signal: Signal, written: Bound, path: Path, findings: Findings): number {
  const read = boundOf(signal, written);
  if ('value' in read) return read.value;
  findings.error(path, read.wrong);
  return 0;
}

export function readSignals(written: StageShape['signals'], path: Path, findings: Findings): Map<Signal, SignalPlan> {
  return new Map(
    Object.entries(written).map(([name, signal]) => {
      const here = [...path, name];
      const plan: SignalPlan = {
        name,
        direction: signal.direction ?? signalSpec(name).direction,
        limits: readLimits(name, signal.limits, [...here, 'limits'], findings),
        detect: signal.detect,
        minimumChange: readMinimumChange(name, signal.minimum_change, [...here, 'minimum_change'], findings),
        ...(signal.exclude.length > 0 && { excluded: readExclude(signal.exclude, [...here, 'exclude'], findings) }),
      };
      if (!signal.detect && signal.exclude.length > 0)
        findings.warning(
          [...here, 'exclude'],
          'nothing is learned of this signal (detect: false); the ranges change nothing',
        );
      return [name, plan];
    }),
  );
}

function readLimits(signal: Signal, written: Written['limits'], path: Path, findings: Findings): LimitPlan[] {
  const list = Array.isArray(written) ? written : [written];
  return list.flatMap((one, index) => {
    const here = Array.isArray(written) ? [...path, index] : path;
    const common = { severity: one.severity, patience: one.for };
    const limits: LimitPlan[] = [];
    for (const rule of ['above', 'below'] as const) {
      const bound = one[rule];
      if (bound !== undefined)
        limits.push({ rule, value: readBound(signal, bound, [...here, rule], findings), ...common });
    }
    for (const rule of ['absent', 'zero'] as const) if (one[rule]) limits.push({ rule, value: 0, ...common });
    if (limits.length === 0) findings.error(here, 'names no limit; want above, below, absent: true or zero: true');
    const [above, below] = [limits.find(({ rule }) => rule === 'above'), limits.find(({ rule }) => rule === 'below')];
    if (above && below && below.value > above.value)
      findings.error(here, `every value is above ${above.value} or below ${below.value}; the bounds are swapped`);
    return limits;
  });
}

function readMinimumChange(signal: Signal, written: Written['minimum_change'], path: Path, findings: Findings) {
  if (typeof written === 'object') {
    return {
      absolute: readBound(signal, written.absolute, [...path, 'absolute'], findings),
      relative: written.relative,
    };
  }
  const percent = typeof written === 'string' ? /^(\d+(?:\.\d+)?)\s*%$/.exec(written) : null;
  if (percent) return { absolute: 0, relative: Number(percent[1]) / 100 };
  return { absolute: readBound(signal, written, path, findings), relative: 0 };
}

/** Derived signals in the order written; `stages` are the names of the pipeline's stages. */
export function readDerive(
  own: StageId,
  written: StageShape['derive'],
  stages: { readonly pipeline: string; readonly names: readonly string[] },
  path: Path,
  findings: Findings,
): DerivePlan[] {
  return Object.entries(written).map(([name, rule]): DerivePlan => {
    if ('rate' in rule) return { name, kind: 'rate', of: rule.rate };
    const side = (key: 'of' | 'to') => readRef(own, rule.ratio[key], stages, [...path, name, 'ratio', key], findings);
    return { name, kind: 'ratio', of: side('of'), to: side('to') };
  });
}

/** `signal` of the own stage, or `stage/signal` of the same pipeline. */
function readRef(
  own: StageId,
  text: string,
  { pipeline, names }: { readonly pipeline: string; readonly names: readonly string[] },
  path: Path,
  findings: Findings,
): SignalRef {
  const cut = text.indexOf('/');
  const stage = cut < 0 ? undefined : text.slice(0, cut);
  const signal = text.slice(cut + 1);
  if (!SIGNAL_NAME.test(signal) || (stage !== undefined && !STAGE_NAME.test(stage)))
    findings.error(path, 'want a signal of this stage, or stage/signal of this pipeline');
  else if (stage !== undefined && !names.includes(stage))
    findings.error(path, `unknown stage "${stage}" in pipeline ${pipeline}${hint(stage, names)}`);
  return { stage: stage === undefined ? own : stageId(pipeline, stage), signal };
}

/**
 * Warns of a name that nothing gives and that is one slip away from a name that something gives: its limit would never fire.
 * Other names are left alone: some sources learn only at run time what they will answer.
 */
export function warnOfSlips(names: Iterable<string>, given: readonly Signal[], path: Path, findings: Findings): void {
  const known = new Set([...given, ...WELL_KNOWN_SIGNALS.map((one) => one.name)]);
  for (const name of names) {
    if (known.has(name)) continue;
    const close = nearest(name, known);
    if (close !== undefined) findings.warning([...path, name], `no probe gives this signal (did you mean ${close}?)`);
  }
}

import { z } from 'zod';
import type { LimitPlan, SignalPlan } from '../../domain/plan.ts';
import type { Surprise } from '../../domain/score.ts';
import type { Snapshot } from '../../domain/snapshot.ts';
import { type Subject, subjectsOf } from '../../domain/subject.ts';
import { type Detector, type DetectorContext, defineDetector } from '../../kit/component.ts';

/** Holds the limits a user has set on signals. It learns nothing, so it is ready from the first sample. */
export const LimitsConfig = z.strictObject({});

/** Version of the (empty) state. */
const STATE = Uint8Array.of(0x6c, 0x69, 0x6d, 1);

export const limits = defineDetector({
  type: 'limits',
  stability: 'stable',
  summary: 'Holds configured limits: above, below, zero, absent. Freshness and ratios are signals with limits.',
  description: [
    'States for every configured limit of a signal whether it is broken now. The judge counts a broken limit once it has been broken for',
    'its `for`; the detector itself has no memory and needs no warm-up.',
    '',
    '- `above`, `below`: the value is strictly past the bound.',
    '- `zero`: the value is exactly 0.',
    '- `absent`: the probe worked and the signal was not in its answer. A failed probe is a gap, about which nothing is said;',
    '  neither is a signal that no probe has asked for.',
    '',
    'Wrong for: signals whose normal changes with the time of day; let `baseline` learn those.',
    'Cost: one comparison a limit; no state.',
  ].join('\n'),
  config: LimitsConfig,
  examples: [{ title: 'Always on; limits stand with the signals of a stage', yaml: 'type: limits\n' }],
  pass: 'signal',
  create: (_config, context) => createLimits(context),
});

function createLimits({ stage }: DetectorContext): Detector {
  const subjectOf = subjectsOf(stage.id);
  const limited = [...stage.signals.values()].filter((signal) => signal.limits.length > 0);
  return {
    score: (snapshot) => limited.flatMap((signal) => judge(signal, snapshot, subjectOf(signal.name))),
    advance: () => {},
    accept: () => {},
    save: () => STATE.slice(),
    restore: (bytes) => bytes.length === STATE.length && bytes.every((byte, i) => byte === STATE[i]),
  };
}

/** One statement for each limit that can be judged; `blind` where the snapshot shows a gap instead. */
function judge(signal: SignalPlan, snapshot: Snapshot, subject: Subject): readonly Surprise[] {
  const { name } = signal;
  const head = { subject, detector: 'limits' };
  const observed = snapshot.values.get(name);
  const absent = observed === undefined && snapshot.absent.has(name);
  if (observed === undefined && !absent) {
    const unseen = snapshot.gaps.some((gap) => gap.signals.includes(name));
    return unseen ? [{ ...head, state: 'blind', missing: [name] }] : [];
  }
  // Of a signal that is absent only its absence can be judged.
  return signal.limits
    .filter((limit) => !absent || limit.rule === 'absent')
    .map((limit) => ({
      ...head,
      state: 'limit',
      rule: limit.rule,
      severity: limit.severity,
      broken: isBroken(limit, observed),
      patience: limit.patience,
      limit: limit.value,
      ...(observed === undefined ? {} : { observed }),
    }));
}

/** `observed` is undefined where the signal is absent. */
function isBroken(limit: LimitPlan, observed: number | undefined): boolean {
  if (observed === undefined) return limit.rule === 'absent';
  switch (limit.rule) {
    case 'above':
      return observed > limit.value;
    case 'below':
      return observed < limit.value;
    case 'zero':
      return observed === 0;
    case 'absent':
      return false;
  }
}

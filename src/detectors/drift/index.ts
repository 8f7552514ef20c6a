import { z } from 'zod';
import type { Drift } from '../../domain/drift.ts';
import type { Contribution, Surprise } from '../../domain/score.ts';
import { partOfSubject, stageOfSubject, subjectOf } from '../../domain/subject.ts';
import { type Detector, type DetectorContext, defineDetector } from '../../kit/component.ts';
import { LEAST_ROWS } from '../../stats/drift.ts';
import { adjustedForMany } from '../../stats/false-discovery.ts';
import { fnv1a } from '../../stats/fnv1a.ts';
import { NumberReader, NumberWriter } from '../../stats/number-codec.ts';
import { FieldMemory, type Look } from './field-memory.ts';

export const DriftConfig = z.strictObject({
  windows: z
    .int()
    .min(1)
    .max(8)
    .default(3)
    .meta({ description: 'Past windows of a field that make its first reference.' }),
  effect: z.number().min(0).max(10).default(0.03).meta({
    description:
      'Population stability index, beyond what chance gives, from which on a change is news. 0.03 is a move by a sixth of the spread; 0.1 and 0.2 are called moderate and large.',
  }),
});

type Settings = z.output<typeof DriftConfig>;

const STATE = 'drift 1';
const LEAST_P = 1e-300;

export const drift = defineDetector({
  type: 'drift',
  stability: 'beta',
  summary: 'Compares how the values of a field are spread with how they were spread at such a time before.',
  description: [
    'For every profiled field it keeps past windows: those of the same time of the season once there are three, the last eight until then.',
    'A new window is compared with them together: numbers by rank (Mann–Whitney) and by distance (Kolmogorov–Smirnov), categories',
    'by χ², and the share of nulls. It is a surprise where it is significant among all fields of the stage (Benjamini–Hochberg), unusual',
    'among the differences that past windows of the field had from their reference (rows of a pipeline are not independent), and',
    `larger than \`effect\`. Below ${LEAST_ROWS} rows on either side it is blind.`,
    '',
    'A window is learned once, and not while the field is held. Fields of time and vectors are passed over.',
    '',
    'Wrong for: single bad rows (use limits on counts of them), identifiers, moves slower than its memory. Cost: 0.1 ms for each new',
    'profile of a field; 150 bytes of state for a window of numbers, up to 1 KiB for one of categories, at most 104 windows a field.',
  ].join('\n'),
  config: DriftConfig,
  examples: [
    { title: 'Defaults', yaml: 'type: drift\n' },
    { title: 'Only large changes', yaml: 'type: drift\neffect: 0.2\n' },
  ],
  pass: 'signal',
  create: (config, context) => createDrift(config, context),
});

function createDrift(settings: Settings, { stage }: DetectorContext): Detector {
  const seasons = [...stage.season].sort((a, b) => a - b);
  const newMemory = (): FieldMemory => new FieldMemory(seasons, settings.windows);
  let fields = new Map<string, FieldMemory>();

  return {
    score({ profiles, gaps }) {
      const watched = [...profiles].filter(([field]) => stage.signals.get(field)?.detect ?? true);
      const looks = watched.map(([field, profile]): [string, Look] => [
        field,
        (fields.get(field) ?? newMemory()).look(profile),
      ]);
      const compared = looks.flatMap(([, look]) => (look.state === 'compared' ? [look.comparison.fieldP] : []));
      const adjusted = adjustedForMany(compared).values();
      const out = looks.flatMap(([field, look]): Surprise[] => {
        const head = { subject: subjectOf(stage.id, field), detector: 'drift' };
        if (look.state === 'unseen') return [];
        if (look.state === 'warming') return [{ ...head, ...look }];
        if (look.state === 'insufficient') return [{ ...head, state: 'blind', missing: [`${LEAST_ROWS} rows`] }];
        const adjustedP = adjusted.next().value ?? 1;
        const found = driftOf(look, adjustedP, settings.effect);
        const matters = found.effect - found.effectNull > settings.effect;
        const pValue = matters ? Math.max(LEAST_P, adjustedP, look.ownP) : 1;
        return [{ ...head, state: 'ready', pValue, because: alone(field), drift: found }];
      });
      const asked = gaps.flatMap((gap) => gap.signals.filter((signal) => fields.has(signal)));
      for (const field of new Set([...fields.keys(), ...asked]))
        if (!profiles.has(field))
          out.push({ subject: subjectOf(stage.id, field), detector: 'drift', state: 'blind', missing: [field] });
      return out;
    },
    advance({ profiles }, _now, how) {
      for (const [field, profile] of profiles) {
        if (stage.signals.get(field)?.detect === false) continue;
        const memory = fields.get(field) ?? newMemory();
        if (memory.look(profile).state === 'unseen') continue;
        fields.set(field, memory);
        memory.advance(profile, how(subjectOf(stage.id, field)) === 'learn');
      }
    },
    accept(subject) {
      if (stageOfSubject(subject) === stage.id) fields.get(partOfSubject(subject))?.accept();
    },
    save() {
      const to = new NumberWriter();
      to.text(`${STATE} ${JSON.stringify({ ...settings, seasons })}`);
      to.number(fields.size);
      for (const field of [...fields.keys()].sort()) {
        to.text(field);
        fields.get(field)?.write(to);
      }
      to.number(fnv1a(to.written));
      return to.done();
    },
    restore(bytes) {
      const read = readFields(bytes, `${STATE} ${JSON.stringify({ ...settings, seasons })}`, newMemory);
      if (!read) return false;
      fields = read;
      return true;
    },
  };
}

function driftOf(look: Look & { state: 'compared' }, adjustedP: number, line: number): Drift {
  const { test, statistic, pValue, effect, effectNull, nRef, nCur, moved } = look.comparison;
  const found = { test, statistic, pValue, adjustedP, usualP: look.ownP };
  return { ...found, effect, effectNull, line, nRef, nCur, moved, reference: look.reference };
}

const alone = (field: string): readonly Contribution[] => [{ signal: field, share: 1 }];

/** `undefined` where the bytes are damaged, or do not begin with `head`. */
function readFields(
  bytes: Uint8Array,
  head: string,
  newMemory: () => FieldMemory,
): Map<string, FieldMemory> | undefined {
  if (bytes.length < 8) return undefined;
  const body = bytes.slice(0, bytes.length - 8);
  if (new NumberReader(bytes.slice(bytes.length - 8)).number() !== fnv1a(body)) return undefined;
  try {
    const from = new NumberReader(body);
    if (from.text() !== head) return undefined;
    const fields = new Map<string, FieldMemory>();
    for (let left = from.number(); left > 0; left--) {
      const field = from.text();
      const memory = newMemory();
      memory.read(from);
      fields.set(field, memory);
    }
    return from.atEnd ? fields : undefined;
  } catch (error) {
    if (error instanceof RangeError) return undefined;
    throw error;
  }
}

import type { ApiProfile } from '../../../src/server/api.ts';
import { iso, NIGHT } from './shapes.ts';

const HOUR = 3_600_000;
const GRID = Array.from({ length: 21 }, (_, index) => index / 20);
/** Quantiles of amounts around a middle, with a long tail. */
const around = (middle: number, spread: number): [number, number][] =>
  GRID.map((share) => [share, middle + spread * (2 * share - 1) + spread * share ** 8]);

const base: ApiProfile = {
  field: 'amount',
  kind: 'number',
  from: iso(NIGHT - HOUR),
  to: iso(NIGHT),
  exact: true,
  distinct: 8_412,
  current: { rows: 97_000, nulls: 120, quantiles: around(61, 32), top: null },
  reference: { rows: 389_000, nulls: 410, quantiles: around(40, 30), top: null },
  result: 'drift',
  score: 2.4,
  test: 'mann-whitney',
  statistic: 5.2,
  pValue: 1e-9,
  adjustedP: 1e-5,
  effect: 0.31,
  effectNull: 0.06,
  effectLine: 0.03,
  nRef: 389_000,
  nCur: 97_000,
  why: 'median 40 → 61; significant, and larger than chance by 0.250',
};

const none = { score: null, test: null, statistic: null, pValue: null, adjustedP: null, effect: null } as const;
const nothing = { ...none, effectNull: null, effectLine: null, nRef: null, nCur: null, reference: null } as const;

/** One field for each thing the screen has to say. */
export const fields: readonly ApiProfile[] = [
  {
    ...base,
    field: 'country',
    kind: 'category',
    distinct: 4,
    current: { rows: 97_000, nulls: 0, quantiles: null, top: [['DE', 50_000], ['FR', 30_000], ['NL', 17_000]] }, // biome-ignore format: pairs
    reference: { rows: 389_000, nulls: 0, quantiles: null, top: [['DE', 201_000], ['FR', 121_000], ['NL', 67_000]] }, // biome-ignore format: pairs
    result: 'none',
    score: 0.1,
    test: 'chi-square',
    adjustedP: 0.61,
    effect: 0.02,
    effectNull: 0.03,
    why: '"DE" 52 % → 52 %; as chance would have it',
  },
  base,
  {
    ...base,
    ...nothing,
    field: 'coupon',
    result: 'insufficient',
    why: 'too little to compare: needs 30 rows on both sides',
  },
  { ...base, ...nothing, field: 'fee', result: 'warming', why: 'no reference yet: needs 3 more profiles' },
];

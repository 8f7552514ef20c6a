/** Between a number and its unit: narrow, and never a line break. */
export const NARROW_SPACE = '\u202f';

interface Scale {
  readonly factor: number;
  readonly suffix: string;
  /** The scale is for magnitudes from here on, in the base unit. */
  readonly from: number;
}

const SECONDS: readonly Scale[] = [
  { from: 0, factor: 1e-3, suffix: 'ms' },
  { from: 0.0995, factor: 1, suffix: 's' },
  { from: 599.5, factor: 60, suffix: 'min' },
  { from: 7_170, factor: 3_600, suffix: 'h' },
  { from: 172_800, factor: 86_400, suffix: 'd' },
];
const RATIO: readonly Scale[] = [{ from: 0, factor: 0.01, suffix: '%' }];
const BYTES: readonly Scale[] = [
  { from: 0, factor: 1, suffix: 'B' },
  { from: 999.5, factor: 1e3, suffix: 'kB' },
  { from: 999.5e3, factor: 1e6, suffix: 'MB' },
  { from: 999.5e6, factor: 1e9, suffix: 'GB' },
  { from: 999.5e9, factor: 1e12, suffix: 'TB' },
];
const counted = (unit: string): readonly Scale[] => [
  { from: 0, factor: 1, suffix: unit },
  { from: 999.5, factor: 1e3, suffix: unit === '' ? 'k' : `k${NARROW_SPACE}${unit}` },
  { from: 999.5e3, factor: 1e6, suffix: unit === '' ? 'M' : `M${NARROW_SPACE}${unit}` },
  { from: 999.5e6, factor: 1e9, suffix: unit === '' ? 'G' : `G${NARROW_SPACE}${unit}` },
];
const COUNT = counted('');
const PER_SECOND = counted('/s');

function scalesOf(unit: string): readonly Scale[] {
  if (unit === 'seconds') return SECONDS;
  if (unit === 'ratio') return RATIO;
  if (unit === 'bytes') return BYTES;
  if (unit === 'records_per_second') return PER_SECOND;
  return COUNT;
}

function scaleFor(magnitude: number, unit: string): Scale {
  const scales = scalesOf(unit);
  // Nothing is nothing in every unit; milliseconds would be a strange way to say so.
  if (magnitude === 0 && unit === 'seconds') return SECONDS[1] as Scale;
  return scales.findLast((scale) => magnitude >= scale.from) ?? (scales[0] as Scale);
}

/** Two or three digits that mean something: `0.62`, `1.8`, `16`, `321`. Whole small counts stay whole. */
function digits(scaled: number, whole: boolean): string {
  const magnitude = Math.abs(scaled);
  if (magnitude === 0 || (whole && Number.isInteger(scaled))) return String(Math.round(scaled));
  if (magnitude >= 9.95) return String(Math.round(scaled));
  if (magnitude >= 0.995) return scaled.toFixed(1);
  if (magnitude >= 0.0095) return scaled.toFixed(2);
  return String(Number(scaled.toPrecision(1)));
}

const isCounted = (unit: string): boolean => unit === 'count' || unit === 'records';

const join = (text: string, suffix: string): string => (suffix === '' ? text : `${text}${NARROW_SPACE}${suffix}`);

/** A number with its unit, at most three digits: `321 s`, `1.5 k /s`, `0.87 %`. `unit` is a domain `Unit`; value finite. */
export function formatValue(value: number, unit: string): string {
  const scale = scaleFor(Math.abs(value), unit);
  return join(digits(value / scale.factor, scale.factor === 1 && isCounted(unit)), scale.suffix);
}

/** A range in one unit, that of its larger end: `1.8 to 16 s`, never `743 s to 16 min`. */
export function formatRange(lower: number, upper: number, unit: string): string {
  const scale = scaleFor(Math.max(Math.abs(lower), Math.abs(upper)), unit);
  const whole = scale.factor === 1 && isCounted(unit);
  const [low, high] = [digits(lower / scale.factor, whole), digits(upper / scale.factor, whole)];
  return join(low === high ? low : `${low} to ${high}`, scale.suffix);
}

/** The ticks of one axis, all in the unit of the largest: `0 min`, `10 min`, never `500 s` beside `17 min`. */
export function formatTicks(values: readonly number[], unit: string): string[] {
  const scale = scaleFor(Math.max(...values.map(Math.abs), 0), unit);
  const scaled = values.map((value) => value / scale.factor);
  const step = Math.abs((scaled[1] ?? 1) - (scaled[0] ?? 0));
  const places = Math.max(0, Math.min(6, Math.ceil(-Math.log10(step || 1) - 1e-9)));
  const fraction = scaled.some((value) => Math.abs(value * 10 ** places - Math.round(value * 10 ** places)) > 1e-6)
    ? places + 1
    : places;
  return scaled.map((value) => join(value === 0 ? '0' : value.toFixed(fraction), scale.suffix));
}

/** A share of one as whole percent: `40 %`. */
export const formatPercent = (share: number): string => `${Math.round(share * 100)}${NARROW_SPACE}%`;

/** A score as it is spoken: two digits, whole above ten, at most `1000`. */
export const formatScore = (score: number): string => (score >= 9.95 ? String(Math.round(score)) : score.toFixed(1));

/** A probability from its -ln, one digit: `0.004`, `4e-6`. */
export const formatProbability = (surprise: number): string =>
  Number(Math.exp(-Math.min(surprise, 700)).toPrecision(1)).toString();

/** `1 stage`, `3 stages`. */
export const counting = (count: number, one: string, many = `${one}s`): string =>
  `${count} ${count === 1 ? one : many}`;

const UNIT_SUFFIX = /_(records_per_second|seconds|ratio|records|bytes)$/;

/** The name of a signal without its unit, for places where the unit stands beside the value: `lag`, `freshness`. */
export const shortSignal = (signal: string): string => signal.replace(UNIT_SUFFIX, '').replaceAll('_', ' ');

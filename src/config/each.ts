export const EACH = '{each}';

type Block = Record<string, unknown>;

const blockOf = (value: unknown): Block | undefined =>
  typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as Block) : undefined;

/** Keys of a stage that name other stages. */
const NAMES_STAGES: readonly string[] = ['after', 'derive'];

/**
 * What of a value can stand in the name of a stage: a topic `orders.eu` makes a stage `consume-orders-eu`.
 *
 * @example
 * namePart('orders.eu:v2') === 'orders-eu-v2'
 */
export const namePart = (value: string): string => value.replaceAll(/[^A-Za-z0-9_-]/g, '-');

/** A template with `{each}` replaced: by the value itself, and by what of it stands in names where stages are named. */
export function filledStage(raw: unknown, value: string, name: string): unknown {
  const stage = blockOf(raw);
  if (!stage) return filled(raw, value);
  return Object.fromEntries(
    Object.entries(stage).map(([key, one]) => [key, filled(one, NAMES_STAGES.includes(key) ? name : value)]),
  );
}

/** The same value with `{each}` replaced in all text, keys included. */
function filled(raw: unknown, value: string): unknown {
  if (typeof raw === 'string') return raw.replaceAll(EACH, value);
  if (Array.isArray(raw)) return raw.map((one) => filled(one, value));
  const block = blockOf(raw);
  if (!block) return raw;
  return Object.fromEntries(
    Object.entries(block).map(([key, one]) => [key.replaceAll(EACH, value), filled(one, value)]),
  );
}

/** A stage that is made once, with the names under `after` that stand for all stages of a template. */
export function withFanIn(raw: unknown, names: readonly string[]): unknown {
  const after = blockOf(raw)?.after;
  if (!Array.isArray(after)) return raw;
  const all = after.flatMap((one: unknown) =>
    typeof one === 'string' && one.includes(EACH) ? names.map((name) => one.replaceAll(EACH, name)) : [one],
  );
  return { ...blockOf(raw), after: all };
}

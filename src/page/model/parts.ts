import type { ApiIncident, ApiStage } from '../../server/api.ts';
import { formatRange, formatValue } from '../text/number.ts';
import { partOf } from './names.ts';
import { expectedText, isOutside, valueText } from './row.ts';

/** One signal's part in a surprise, in words and numbers ready to be shown. */
export interface Part {
  readonly signal: string;
  readonly share: number;
  /** What it shows, and what was expected of it; empty where that is not known. */
  readonly value: string;
  readonly expected: string;
  readonly outside: boolean;
}

/** What the worst score of a stage rests on now; none where nothing is wrong. */
export function partsOf(stage: ApiStage): readonly Part[] {
  const [first] = stage.because;
  if (!first) return [];
  const shares = first.contributions.length > 0 ? first.contributions : [{ signal: partOf(first.subject), share: 1 }];
  return shares.map(({ signal, share }) => {
    const shown = stage.signals.find((one) => one.signal === signal);
    if (!shown) return { signal, share, value: '', expected: '', outside: false };
    return { signal, share, value: valueText(shown), expected: expectedText(shown), outside: isOutside(shown) };
  });
}

/** The same of a fact behind an incident, as it was when the fact was found; none where one signal speaks for itself. */
export function partsOfFact({ parts }: ApiIncident['because'][number]): readonly Part[] {
  return parts.map(({ signal, unit, share, observed, expected }) => ({
    signal,
    share,
    value: observed === null ? '' : formatValue(observed, unit),
    expected: expected === null ? '' : formatRange(expected[0], expected[1], unit),
    outside: observed !== null && expected !== null && (observed < expected[0] || observed > expected[1]),
  }));
}

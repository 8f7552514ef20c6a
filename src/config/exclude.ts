import type { ExcludedRange } from '../domain/excluded.ts';
import type { Findings } from './findings.ts';
import type { Path } from './problem.ts';
import type { RootShape } from './shape.ts';

/** Ranges that are not learned, oldest first. Swapped ends, and two of one list that overlap, are wrong where they are written. */
export function readExclude(
  written: RootShape['pipelines'][string]['exclude'],
  path: Path,
  findings: Findings,
): readonly ExcludedRange[] {
  for (const [index, { from, to }] of written.entries()) {
    if (to <= from) findings.error([...path, index, 'to'], `ends ${textOf(to)}, not after it begins ${textOf(from)}`);
    const earlier = written.slice(0, index).find((one) => from < one.to && one.from < to);
    if (earlier)
      findings.error(
        [...path, index],
        `overlaps "${earlier.why}" from ${textOf(earlier.from)} to ${textOf(earlier.to)}; make one range of the two`,
      );
  }
  return written.toSorted((a, b) => a.from - b.from);
}

const textOf = (at: number): string => new Date(at).toISOString().replace('.000Z', 'Z');

import type { Registry } from '../kit/component.ts';
import type { DiscoveryConfig } from './config.ts';
import type { Findings } from './findings.ts';
import type { WantedDiscovery } from './for-each.ts';
import { hint } from './problem.ts';

/**
 * Finds the source that each template's values are asked of. Only named sources: one that is written in place belongs to a probe,
 * and there is none before the first value is found.
 *
 * @param types types of all named sources as written
 */
export function readDiscoveries(
  wanted: readonly WantedDiscovery[],
  registry: Registry,
  types: ReadonlyMap<string, string>,
  findings: Findings,
): DiscoveryConfig[] {
  return wanted.flatMap(({ pipeline, kind, pattern, shape, leftOut }) => {
    const able = registry.sources.filter(({ discovers }) => discovers?.includes(kind)).map(({ type }) => type);
    const candidates = [...types].flatMap(([name, type]) => (able.includes(type) ? [name] : []));
    const path = ['pipelines', pipeline, 'for_each'];
    const { source: named, every, cap } = shape;
    const source = named ?? candidates[0];
    if (named !== undefined && !candidates.includes(named)) {
      const message = types.has(named)
        ? `a source of type ${types.get(named)} cannot list ${kind}; want one of type ${able.join(' or ')}`
        : `unknown source "${named}"${hint(named, candidates)}`;
      findings.error([...path, 'source'], message);
    } else if (source === undefined) {
      findings.error(
        [...path, kind],
        `no source can list ${kind}; write one of type ${able.join(' or ')} under sources`,
      );
    } else if (named === undefined && candidates.length > 1) {
      findings.error([...path, kind], `${candidates.join(' and ')} can list ${kind}; say which with source: NAME`);
    } else return [{ pipeline, kind, pattern, source, every, cap, leftOut }];
    return [];
  });
}

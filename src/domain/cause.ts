/** The kinds of trouble a pipeline gets into; these words everywhere: code, config, metrics, notices, docs. */
export const CAUSES = [
  'surge',
  'backlog',
  'slow',
  'stopped',
  'rebalancing',
  'replay',
  'poison',
  'hot',
  'broker-throttled',
  'downstream',
  'duplicates',
  'source-outage',
  'bad-data',
  'unknown',
] as const;

export type Cause = (typeof CAUSES)[number];

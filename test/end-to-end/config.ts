import { readFileSync } from 'node:fs';

const EXAMPLE = new URL('../../config/examples/kafka-redis-postgres.yaml', import.meta.url);

/** Seconds in the place of minutes, so that a day of trouble passes in a few of them; nothing else is changed. */
const SHORTER: readonly (readonly [string, string])[] = [
  ['every: 10s', 'every: 1s'],
  ['season: [1d, 7d]', 'season: [4m]'],
  [
    'lag_seconds: { limits: { above: 1m }, minimum_change: 30s }',
    'lag_seconds: { limits: { above: 4s }, minimum_change: 3s }',
  ],
  ['lag_seconds: 1m', 'lag_seconds: 4s'],
  ['pending_seconds: { minimum_change: 30s }', 'pending_seconds: { minimum_change: 4s }'],
  ['pending_idle_seconds: { minimum_change: 30s }', 'pending_idle_seconds: { minimum_change: 4s }'],
  [
    'freshness_seconds: { limits: { above: 2m }, minimum_change: 30s }',
    'freshness_seconds: { limits: { above: 6s }, minimum_change: 4s }',
  ],
  ['zero: true, for: 1m', 'zero: true, for: 5s'],
  ['freshness_seconds: 2m', 'freshness_seconds: 6s'],
  ['stuck_after: 2m', 'stuck_after: 3s'],
  ['last: 10m }, every: 1m', 'last: 8s }, every: 2s'],
  ["interval '10 minutes'", "interval '8 seconds'"],
  [
    'loss_horizon_seconds: { limits: { below: 1h }, detect: false }',
    'loss_horizon_seconds: { limits: { below: 1m }, detect: false }',
  ],
  ['lease: 2m', 'lease: 8s'],
  ['cooldown: 5m', 'cooldown: 2s'],
  ['resend_interval: 30s', 'resend_interval: 1s'],
];

/** The delivered example in a hurry, with the authority that has signed the certificate of the brokers. */
export function configInAHurry(ca: string): string {
  let text = readFileSync(EXAMPLE, 'utf8');
  for (const [from, to] of [...SHORTER, ['tls: {}', `tls: { ca_file: '${ca}' }`] as const]) {
    if (!text.includes(from)) throw new Error(`the example has no "${from}" any more; say here what is shorter now`);
    text = text.replaceAll(from, to);
  }
  return text;
}

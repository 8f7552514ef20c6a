import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { stringify } from 'yaml';

export const SIGNALS = [
  'lag_seconds',
  'lag_records',
  'latency_p99_seconds',
  'in_records_per_second',
  'out_records_per_second',
  'error_ratio',
  'dlq_depth',
  'freshness_seconds',
];

/** Writes a configuration of `stages` stages with eight signals each, all read from the watched process. */
export function writeConfig(
  folder: string,
  given: { stages: number; every: string; port: number; watched: number },
): string {
  const fields = Object.fromEntries(SIGNALS.map((signal) => [signal, `/${signal}`]));
  const stage = (index: number): object => ({
    probes: [{ source: 'watched', url: `http://127.0.0.1:${given.watched}/s/${index}`, fields }],
    signals: { lag_seconds: { limits: { above: 100 } } },
  });
  const stages = Array.from({ length: given.stages }, (_, index) => [`s${index}`, stage(index)]);
  const file = join(folder, `bench-${given.stages}.yaml`);
  const config = {
    server: { listen: `127.0.0.1:${given.port}` },
    store: { sqlite: join(folder, `bench-${given.stages}.db`) },
    log: { level: 'error' },
    sources: { watched: { type: 'http-json' } },
    notifiers: { bench: { type: 'webhook', url: `http://127.0.0.1:${given.watched}/hook` } },
    routes: [{ to: ['bench'] }],
    pipelines: { bench: { every: given.every, stages: Object.fromEntries(stages) } },
  };
  writeFileSync(file, stringify(config, { aliasDuplicateObjects: false }));
  return file;
}

import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TestContext } from 'node:test';

/** A folder that is gone after the test. */
export function folderOf(t: TestContext): string {
  const folder = mkdtempSync(join(tmpdir(), 'headgate-app-'));
  t.after(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

export interface Settings {
  /** Address of the outside world: `/lag`, `/gate`, `/hook`. */
  readonly url: string;
  readonly store: string;
  /** Names of stages beside `feed` and `work`. */
  readonly more?: readonly string[];
  readonly listen?: string;
  readonly log?: string;
  readonly otlp?: string;
  /** Length of a lease. Long where a restart has to fit into it on a busy machine. */
  readonly lease?: string;
}

/**
 * A config for the outside world of the crash tests: `work` falls behind where `/lag` says so, and two policies then pause both
 * gates there are, one at the endpoint of a user and one that the daemon serves. JSON is YAML as well.
 */
export function settings({
  url,
  store,
  more = [],
  listen = '127.0.0.1:0',
  log = 'info',
  otlp,
  lease = '5s',
}: Settings): string {
  const work = {
    after: ['feed'],
    probes: [{ type: 'http-json', url: `${url}/lag`, fields: { lag_seconds: '/lag' } }],
    signals: { lag_seconds: { limits: { above: '1m' } } },
    detectors: { baseline: { warmup: 10 } },
  };
  const policy = (may: Readonly<Record<string, string>>) => ({
    mode: 'enforce',
    keep: { stage: 'p.work', lag_seconds: '1m' },
    may: [may],
    lease,
    cooldown: '1s',
    confirm: 1,
  });
  return JSON.stringify({
    server: { listen },
    store: { sqlite: store },
    log: { level: log },
    ...(otlp === undefined ? {} : { tracing: { otlp_endpoint: otlp } }),
    actuators: { gate: { type: 'http', url: `${url}/gate`, read: { pointer: '/rate' }, timeout: '2s' } },
    notifiers: { hook: { type: 'webhook', url: `${url}/hook` } },
    routes: [{ to: ['hook'] }],
    pipelines: {
      p: {
        every: '1s',
        season: [],
        stages: { feed: {}, work, ...Object.fromEntries(more.map((name) => [name, work])) },
      },
    },
    policies: {
      'hold-gate': policy({ actuator: 'gate', stage: 'p.work', kind: 'pause' }),
      'hold-valve': policy({ actuator: 'valve', stage: 'p.feed', kind: 'pause' }),
    },
  });
}

/** Writes the settings as `headgate.yaml` in the folder and answers with its path. */
export function configIn(folder: string, of: Partial<Settings> & { readonly url: string }): string {
  const file = join(folder, 'headgate.yaml');
  writeFileSync(file, settings({ store: join(folder, 'headgate.db'), ...of }));
  return file;
}

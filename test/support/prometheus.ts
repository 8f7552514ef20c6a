import { execFileSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { EpochMs } from '../../src/domain/time.ts';
import { answers, freePort, type RunningServer, requireServer, startServer } from './servers.ts';

/** A sample of the past. */
export interface PastSample {
  /** Name and labels, as they are exposed: `lag{partition="0"}`. */
  readonly series: string;
  readonly at: EpochMs;
  readonly value: number;
}

/** Starts a real Prometheus that scrapes nothing and knows these samples; those of one series stand together, oldest first. */
export async function startPrometheusWithPast(
  samples: readonly PastSample[],
): Promise<RunningServer & { readonly url: string }> {
  const [server, tool] = [requireServer('prometheus'), requireServer('promtool')];
  for (const { skip } of [server, tool]) if (skip) throw new Error(skip);
  const address = `127.0.0.1:${await freePort()}`;
  const url = `http://${address}`;
  const args = (folder: string): string[] => {
    const page = join(folder, 'past.txt');
    const lines = samples.map(({ series, at, value }) => `${series} ${value} ${at / 1_000}\n`);
    writeFileSync(page, `${lines.join('')}# EOF\n`);
    writeFileSync(join(folder, 'prometheus.yml'), 'global: {}\n');
    execFileSync(tool.path, ['tsdb', 'create-blocks-from', 'openmetrics', page, join(folder, 'data')], {
      stdio: 'pipe',
    });
    return [
      `--config.file=${join(folder, 'prometheus.yml')}`,
      `--storage.tsdb.path=${join(folder, 'data')}`,
      // Samples may be of any year, so that a test is about the same ones whenever it runs.
      '--storage.tsdb.retention.time=100y',
      `--web.listen-address=${address}`,
    ];
  };
  return { ...(await startServer(server.path, args, () => answers(`${url}/-/ready`))), url };
}

/** The password of the user `headgate` at a guarded Prometheus; the hash is that of the manual's example (web configuration). */
export const PROMETHEUS_PASSWORD = 'test';
const HASH = '$2b$12$hNf2lSsxfm0.i4a.1kVpSOVyBCfIB51VRjgBUyv6kdnyTlgWj81Ay';

/** Starts a real Prometheus that wants a password and scrapes nothing; give `port` to stand where one has stood before. */
export async function startGuardedPrometheus(port?: number): Promise<RunningServer & { readonly port: number }> {
  const { path, skip } = requireServer('prometheus');
  if (skip) throw new Error(skip);
  const at = port ?? (await freePort());
  const args = (folder: string): string[] => {
    writeFileSync(join(folder, 'web.yml'), `basic_auth_users: { headgate: '${HASH}' }\n`);
    writeFileSync(join(folder, 'prometheus.yml'), 'global: {}\n');
    return [
      `--config.file=${join(folder, 'prometheus.yml')}`,
      `--web.config.file=${join(folder, 'web.yml')}`,
      `--storage.tsdb.path=${join(folder, 'data')}`,
      `--web.listen-address=127.0.0.1:${at}`,
    ];
  };
  const authorization = `Basic ${btoa(`headgate:${PROMETHEUS_PASSWORD}`)}`;
  const ready = async (): Promise<boolean> => {
    try {
      const answer = await fetch(`http://127.0.0.1:${at}/-/ready`, { headers: { authorization } });
      await answer.arrayBuffer();
      return answer.ok;
    } catch {
      return false;
    }
  };
  return { ...(await startServer(path, args, ready)), port: at };
}

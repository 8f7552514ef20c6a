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
      `--web.listen-address=${address}`,
    ];
  };
  return { ...(await startServer(server.path, args, () => answers(`${url}/-/ready`))), url };
}

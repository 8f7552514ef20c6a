import { appendFileSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parse, stringify } from 'yaml';
import { runDemo } from '../../src/app/demo.ts';
import { injectFault } from '../../src/app/demo-fault.ts';
import { type RunningPostgres, startPostgres } from '../support/postgres.ts';
import { freePort, startPrometheus } from '../support/servers.ts';

/** A real daemon beside real things to watch, scraped by a real Prometheus. */
export interface World {
  readonly prometheus: string;
  readonly daemon: string;
  /** Enrich becomes slow, amounts are spread otherwise, letters die, the queue falls behind, and the configuration is touched. */
  break(): Promise<void>;
  stop(): Promise<void>;
}

/** The pipeline of the demo does not move tables or letters; this one shows a table, a queue, and a probe that is refused. */
const WAREHOUSE = (queue: string, database: object, past: string): object => ({
  every: '1s',
  stages: {
    queue: {
      probes: [{ type: 'metrics-endpoint', url: queue }],
      seed: { history_file: past },
      signals: { dlq_depth: { minimum_change: 5 }, lag_seconds: { limits: { above: '40s' } } },
    },
    orders: {
      after: ['queue'],
      detectors: { drift: {} },
      probes: [
        {
          type: 'postgres',
          ...database,
          table: 'orders',
          profiles: { columns: ['amount', 'country'], window: { column: 'created_at', last: '2s' }, every: '1s' },
        },
      ],
    },
    gone: { probes: [{ type: 'metrics-endpoint', url: 'http://127.0.0.1:9/metrics' }] },
  },
});

export async function startWorld(): Promise<World> {
  const folder = mkdtempSync(join(tmpdir(), 'headgate-live-'));
  const stops: (() => Promise<void> | void)[] = [() => rmSync(folder, { recursive: true })];
  const stop = async (): Promise<void> => {
    for (const one of stops.splice(0).reverse()) await one();
  };
  try {
    const queue = await startQueue();
    stops.push(queue.stop);
    const postgres = await startPostgres();
    stops.push(postgres.stop);
    const table = await startTable(postgres);
    stops.push(table.stop);
    const listen = `127.0.0.1:${await freePort()}`;
    const config = join(folder, 'demo.yaml');
    const database = { host: '127.0.0.1', port: postgres.port, user: 'postgres', password: 'owner' };
    writeFileSync(config, configOf(WAREHOUSE(queue.url, database, pastOf(folder))));
    const demo = await runDemo({
      env: {},
      listen,
      directory: join(folder, 'demo'),
      seed: 1,
      faultAt: 'never',
      portBase: 0,
      config,
      output: 'story',
      write: () => {},
      color: false,
      columns: 80,
    });
    stops.push(demo.stop);
    const prometheus = await startPrometheus(
      () => `
global: { scrape_interval: 1s }
scrape_configs: [{ job_name: pipelines, static_configs: [{ targets: ['${listen}'] }] }]`,
    );
    stops.push(prometheus.stop);
    return {
      prometheus: prometheus.url,
      daemon: `http://${listen}`,
      async break() {
        await injectFault('slow', join(folder, 'demo'));
        queue.break();
        table.break();
        appendFileSync(config, '# touched\n');
      },
      stop,
    };
  } catch (thrown) {
    await stop();
    throw thrown;
  }
}

/** The last minutes of the queue, to learn from. */
function pastOf(folder: string): string {
  const now = Date.now();
  const rows = Array.from({ length: 300 }, (_, index) => `${now - (300 - index) * 1_000},${2 + Math.random()}\n`);
  const file = join(folder, 'past.csv');
  writeFileSync(file, `at,freshness_seconds\n${rows.join('')}`);
  return file;
}

/** The delivered demo, with the warehouse beside it and somebody who cannot be told, so that there is a failure to show. */
function configOf(warehouse: object): string {
  const delivered = parse(readFileSync(new URL('../../config/demo.yaml', import.meta.url), 'utf8')) as {
    notifiers: object;
    pipelines: object;
  };
  return stringify({
    ...delivered,
    notifiers: { ...delivered.notifiers, nobody: { type: 'webhook', url: 'http://127.0.0.1:9/' } },
    routes: [{ to: ['console', 'nobody'] }],
    pipelines: { ...delivered.pipelines, warehouse },
  });
}

/** Shows the depth of a dead-letter queue, how far behind it is, and the age of the newest record. */
async function startQueue(): Promise<{ url: string; break(): void; stop(): Promise<void> }> {
  let perLook = 0;
  let dead = 3;
  let behind = 2;
  const server: Server = createServer((_, response) => {
    dead += perLook;
    // Caught up with from time to time, so that its limit comes in sight again for who was late the first time.
    behind = behind > 60 ? 2 : behind + perLook / 10;
    response.setHeader('content-type', 'text/plain; version=0.0.4');
    response.end(
      `# TYPE import_dlq_depth gauge\nimport_dlq_depth ${dead}\n` +
        `# TYPE import_lag_seconds gauge\nimport_lag_seconds ${behind + Math.random() / 2}\n` +
        `# TYPE import_freshness_seconds gauge\nimport_freshness_seconds ${2 + Math.random()}\n`,
    );
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/metrics`,
    break: () => {
      perLook = 4;
    },
    stop: () => new Promise((resolve) => server.close(() => resolve())),
  };
}

/** A table that gets a hundred orders every fifth of a second. */
async function startTable(postgres: RunningPostgres): Promise<{ break(): void; stop(): Promise<void> }> {
  await postgres.sql(
    'CREATE TABLE orders (created_at timestamptz NOT NULL DEFAULT now(), amount float8, country text NOT NULL)',
  );
  let factor = 1;
  let writing: Promise<unknown> = Promise.resolve();
  const write = (): void => {
    writing = writing.then(() =>
      postgres.sql(
        `INSERT INTO orders (amount, country) SELECT CASE WHEN random() > 0.05 THEN ${factor} * (20 + 30 * random()) END,
         (ARRAY['DE', 'FR', 'NL'])[1 + floor(3 * random())::int] FROM generate_series(1, 100)`,
      ),
    );
  };
  write();
  const timer = setInterval(write, 200);
  return {
    break: () => {
      factor = 2;
    },
    async stop() {
      clearInterval(timer);
      await writing.catch(() => undefined);
    },
  };
}

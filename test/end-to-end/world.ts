import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { AclOperations, AclPermissionTypes, Admin, ResourcePatternTypes, ResourceTypes } from '@platformatic/kafka';
import pg from 'pg';
import { headgate } from '../app/program.ts';
import { makeCertificates } from '../support/certificates.ts';
import { KAFKA_USER, startKafka } from '../support/kafka.ts';
import { startPostgres } from '../support/postgres.ts';
import { startProxy } from '../support/proxy.ts';
import { startRedis } from '../support/redis.ts';
import { freePort, requireServer, startAlertmanager, startPrometheus } from '../support/servers.ts';
import { until } from '../support/until.ts';
import { type Order, PARTITIONS, type Places, STREAM, TOPIC } from './chain/link.ts';
import { configInAHurry } from './config.ts';
import { startReceivers } from './receivers.ts';

const OWNER = 'owner';
const READER = 'only-reads';

export type LinkName = 'intake' | 'enrich' | 'load';
type Cleanup = () => unknown;

/** Kafka, Redis, PostgreSQL, a chain of three processes over them, the daemon that watches it, and all who hear of it. */
export async function startWorld(cleanups: Cleanup[]) {
  const folder = mkdtempSync(join(tmpdir(), 'headgate-chain-'));
  cleanups.push(() => rmSync(folder, { recursive: true, force: true }));
  const certificates = makeCertificates(requireServer('openssl').path);
  cleanups.push(() => certificates.remove());
  const daemonAddress = `127.0.0.1:${await freePort()}`;
  const receivers = await startReceivers();
  cleanups.push(() => receivers.close());
  const [kafka, redis, postgres, alertmanager, prometheus] = await Promise.all([
    keep(startKafka({ certificates })),
    keep(startRedis()),
    keep(startPostgres({ password: OWNER })),
    keep(startAlertmanager(alertmanagerConfig(receivers.urls.ops), `127.0.0.1:${await freePort()}`)),
    keep(startPrometheus(() => prometheusConfig(daemonAddress))),
  ]);
  await Promise.all([makeTopic(kafka.address), makeStream(redis), makeTable(postgres.port)]);
  // What the daemon has of the way to Redis; the chain itself goes another one.
  const wayToRedis = await startProxy(redis.port);
  cleanups.push(() => wayToRedis.close());

  const places: Places = {
    kafka: kafka.address,
    redisPort: redis.port,
    postgres: { port: postgres.port, password: OWNER },
    daemon: `http://${daemonAddress}`,
  };
  const chain = startChain(places, cleanups);
  for (const name of ['load', 'enrich', 'intake'] as const) chain.start(name);

  const file = join(folder, 'headgate.yaml');
  writeFileSync(file, configInAHurry(certificates.ca));
  const daemon = headgate({ after: (hook) => cleanups.push(hook as Cleanup) }, ['run', '--config', file], {
    env: {
      HEADGATE_LISTEN: daemonAddress,
      HEADGATE_STORE: join(folder, 'headgate.db'),
      KAFKA: kafka.secure,
      KAFKA_PASSWORD: KAFKA_USER.password,
      REDIS: `127.0.0.1:${wayToRedis.port}`,
      POSTGRES: `127.0.0.1:${postgres.port}`,
      POSTGRES_PASSWORD: READER,
      SLACK_API: `${receivers.urls.slack}/api`,
      PAGERDUTY: receivers.urls.pagerduty,
      ALERTMANAGER: alertmanager.url,
    },
  });
  await until(
    () =>
      daemon.hasEnded() ||
      fetch(places.daemon).then(
        (answer) => answer.ok,
        () => false,
      ),
    {
      what: 'the daemon serves its page',
      within: 60_000,
      every: 100,
    },
  );
  if (daemon.hasEnded()) throw new Error(`the daemon has ended:\n${daemon.out}\n${daemon.err}`);
  return { folder, kafka, redis, postgres, alertmanager, prometheus, receivers, wayToRedis, chain, daemon, places };

  /** A server is stopped at the end, also where another one does not start. */
  async function keep<Server extends { stop(): Promise<void> }>(starting: Promise<Server>): Promise<Server> {
    const server = await starting;
    cleanups.push(() => server.stop());
    return server;
  }
}

export type World = Awaited<ReturnType<typeof startWorld>>;

function startChain(places: Places, cleanups: Cleanup[]) {
  const links = new Map<LinkName, ChildProcess>();
  const said: string[] = [];
  cleanups.push(() => {
    for (const link of links.values()) link.kill('SIGKILL');
  });
  const linkOf = (name: LinkName): ChildProcess => {
    const link = links.get(name);
    if (!link) throw new Error(`${name} does not run`);
    return link;
  };
  return {
    /** What the links have complained about. */
    said,
    start(name: LinkName): void {
      const path = join(import.meta.dirname, 'chain', `${name}.ts`);
      const link = fork(path, [JSON.stringify(places)], { stdio: ['ignore', 'inherit', 'pipe', 'ipc'] });
      link.stderr?.on('data', (text) => said.push(`${name}: ${text}`));
      links.set(name, link);
    },
    tell: (name: LinkName, order: Order): void => void linkOf(name).send(order),
    /** SIGTERM lets it leave its group; SIGKILL does not. */
    async end(name: LinkName, signal: 'SIGTERM' | 'SIGKILL'): Promise<void> {
      const link = linkOf(name);
      const gone = once(link, 'exit');
      link.kill(signal);
      await gone;
      links.delete(name);
    },
  };
}

const alertmanagerConfig = (ops: string): string => `
route: { receiver: ops, group_by: [alertname, incident], group_wait: 50ms, group_interval: 200ms, repeat_interval: 1h }
receivers: [{ name: ops, webhook_configs: [{ url: '${ops}', send_resolved: true }] }]
`;

const prometheusConfig = (daemon: string): string => `
global: { scrape_interval: 1s }
scrape_configs: [{ job_name: headgate, static_configs: [{ targets: ['${daemon}'] }] }]
`;

/** A user for the daemon that may look, and change nothing. */
async function makeTopic(address: string): Promise<void> {
  const admin = new Admin({ clientId: 'test', bootstrapBrokers: [address] });
  await admin.createTopics({ topics: [TOPIC, 'orders-dead'], partitions: PARTITIONS, replicas: 1 });
  const allow = (resourceType: 2 | 3, resourceName: string, operations: readonly (keyof typeof AclOperations)[]) =>
    operations.map((operation) => ({
      resourceType,
      resourceName,
      resourcePatternType: ResourcePatternTypes.LITERAL,
      principal: `User:${KAFKA_USER.name}`,
      host: '*',
      operation: AclOperations[operation],
      permissionType: AclPermissionTypes.ALLOW,
    }));
  await admin.createAcls({
    creations: [
      ...allow(ResourceTypes.TOPIC, TOPIC, ['DESCRIBE', 'READ', 'DESCRIBE_CONFIGS']),
      ...allow(ResourceTypes.TOPIC, 'orders-dead', ['DESCRIBE']),
      ...allow(ResourceTypes.GROUP, 'enrich', ['DESCRIBE']),
    ],
  });
  await admin.close();
}

async function makeStream(redis: { command(...words: string[]): Promise<unknown> }): Promise<void> {
  await redis.command('XGROUP', 'CREATE', STREAM, 'load', '$', 'MKSTREAM');
}

async function makeTable(port: number): Promise<void> {
  const as = async (database: string, ...statements: string[]): Promise<void> => {
    const client = new pg.Client({ host: '127.0.0.1', port, user: 'postgres', password: OWNER, database });
    await client.connect();
    for (const statement of statements) await client.query(statement);
    await client.end();
  };
  await as('postgres', 'CREATE DATABASE shop', `CREATE ROLE headgate LOGIN PASSWORD '${READER}'`);
  await as(
    'shop',
    `CREATE TABLE orders (partition int, number int, amount float8 NOT NULL, written_at timestamptz NOT NULL,
                          PRIMARY KEY (partition, number))`,
    'CREATE INDEX ON orders (written_at)',
    'GRANT SELECT ON orders TO headgate',
  );
}

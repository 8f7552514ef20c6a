import { execFile, execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { promisify } from 'node:util';
import type { Certificates } from './certificates.ts';
import { type FoundServer, freePort, isRequired, type RunningServer, requireServer, startServer } from './servers.ts';

const VERSION = '4.1.1';
const CACHE = resolve(import.meta.dirname, '../../node_modules/.cache');
const JARS = join(CACHE, `kafka-${VERSION}`);

const POM = `<project xmlns="http://maven.apache.org/POM/4.0.0">
  <modelVersion>4.0.0</modelVersion>
  <groupId>headgate.test</groupId><artifactId>kafka</artifactId><version>1</version><packaging>pom</packaging>
  <dependencies>
    <dependency><groupId>org.apache.kafka</groupId><artifactId>kafka_2.13</artifactId><version>${VERSION}</version></dependency>
    <dependency><groupId>org.slf4j</groupId><artifactId>slf4j-simple</artifactId><version>1.7.36</version></dependency>
  </dependencies>
</project>
`;

/**
 * A real Kafka 4, started from its jars. They are fetched by Maven once (about 100 MB) and kept under node_modules.
 * `path` is that of java. Where there is no java, or the jars cannot be had, the answer is the reason to skip; it throws
 * instead where `HEADGATE_TEST_REQUIRE` names kafka.
 */
export async function requireKafka(): Promise<FoundServer> {
  const java = requireServer('java');
  const trouble = java.skip || (await fetchJars());
  if (!trouble) return java;
  if (isRequired('kafka')) throw new Error(`kafka is required by HEADGATE_TEST_REQUIRE: ${trouble}`);
  return { path: '', skip: `kafka is not installed: ${trouble}` };
}

async function fetchJars(): Promise<string | false> {
  if (existsSync(JARS)) return false;
  const maven = requireServer('mvn');
  if (maven.skip) return maven.skip;
  mkdirSync(CACHE, { recursive: true });
  const folder = mkdtempSync(join(CACHE, 'fetch-'));
  try {
    writeFileSync(join(folder, 'pom.xml'), POM);
    const goal = ['-q', '-B', 'dependency:copy-dependencies', '-DincludeScope=runtime', '-DoutputDirectory=lib'];
    await promisify(execFile)(maven.path, goal, { cwd: folder, timeout: 300_000 });
    // Another test file may have been faster.
    if (!existsSync(JARS)) renameSync(join(folder, 'lib'), JARS);
    return false;
  } catch (error) {
    return `maven could not fetch its jars (${error instanceof Error ? error.message.split('\n')[0] : error})`;
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** A broker that is its own controller. Whoever comes without credentials is a superuser; others need rights (ACLs). */
export interface RunningKafka extends RunningServer {
  /** `127.0.0.1:port` of the plain listener. */
  readonly address: string;
  /** Listener with TLS and SASL, where certificates were given. User `headgate`, password `correct-horse`. */
  readonly secure: string;
  /** Listener that tells clients to come to `advertised` instead of to itself. */
  readonly via: string;
  /** Ends the process and starts it again with the same data, ports and settings. */
  restart(): Promise<void>;
  /** Ends the process and keeps the data for `restart`. */
  halt(): Promise<void>;
}

export const KAFKA_USER = { name: 'headgate', password: 'correct-horse' };

/** Starts a broker in about five seconds. `advertised`: port that clients of the `via` listener are sent to. */
export async function startKafka({
  certificates,
  viaPort,
  advertised,
}: {
  certificates?: Certificates;
  viaPort?: number;
  advertised?: number;
} = {}): Promise<RunningKafka> {
  const { path, skip } = await requireKafka();
  if (skip) throw new Error(skip);
  const [plain, controller, secure, spare] = [await freePort(), await freePort(), await freePort(), await freePort()];
  const via = viaPort ?? spare;
  const data = mkdtempSync(join(tmpdir(), 'headgate-kafka-'));
  const properties = join(data, 'server.properties');
  writeFileSync(
    properties,
    settings({ data, plain, controller, via, advertised: advertised ?? via, secure, certificates }),
  );
  const main = (name: string): string[] => [...JVM, '-cp', join(JARS, '*'), name];
  const scram = `SCRAM-SHA-256=[name=${KAFKA_USER.name},password=${KAFKA_USER.password}]`;
  const format = ['format', '-t', 'MkU3OEVBNTcwNTJENDM2Qk', '-c', properties, '--add-scram', scram];
  execFileSync(path, [...main('kafka.tools.StorageTool'), ...format], { stdio: 'pipe' });
  const start = () =>
    startServer(
      path,
      () => [...main('kafka.Kafka'), properties],
      () => accepts(plain),
    );
  let server = await start();
  return {
    pid: server.pid,
    folder: data,
    output: () => server.output(),
    address: `127.0.0.1:${plain}`,
    secure: `127.0.0.1:${secure}`,
    via: `127.0.0.1:${via}`,
    halt: () => server.stop(),
    restart: async () => {
      await server.stop();
      server = await start();
    },
    stop: async () => {
      await server.stop();
      rmSync(data, { recursive: true, force: true });
    },
  };
}

/** A small heap, and little time spent on compiling what will not run for long. */
const JVM = [
  '-Xmx512m',
  '-XX:TieredStopAtLevel=1',
  '-XX:+UseSerialGC',
  '-Dorg.slf4j.simpleLogger.defaultLogLevel=warn',
];

function accepts(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1');
    socket.once('connect', () => resolve(true));
    socket.once('error', () => resolve(false));
    socket.once('close', () => socket.destroy());
    socket.once('connect', () => socket.end());
  });
}

interface Setting {
  readonly data: string;
  readonly plain: number;
  readonly controller: number;
  readonly via: number;
  readonly advertised: number;
  readonly secure: number;
  readonly certificates: Certificates | undefined;
}

function settings({ data, plain, controller, via, advertised, secure, certificates }: Setting): string {
  const at = (name: string, port: number): string => `${name}://127.0.0.1:${port}`;
  const listeners = [at('PLAIN', plain), at('VIA', via), ...(certificates ? [at('SECURE', secure)] : [])];
  const said = listeners.map((one) => (one.startsWith('VIA') ? at('VIA', advertised) : one));
  const lines: Record<string, string | number> = {
    'process.roles': 'broker,controller',
    'node.id': 1,
    'controller.quorum.voters': `1@127.0.0.1:${controller}`,
    listeners: [...listeners, at('CONTROLLER', controller)].join(','),
    'advertised.listeners': said.join(','),
    'controller.listener.names': 'CONTROLLER',
    'inter.broker.listener.name': 'PLAIN',
    'listener.security.protocol.map': 'CONTROLLER:PLAINTEXT,PLAIN:PLAINTEXT,VIA:PLAINTEXT,SECURE:SASL_SSL',
    'log.dirs': join(data, 'log'),
    'offsets.topic.replication.factor': 1,
    'offsets.topic.num.partitions': 1,
    'transaction.state.log.replication.factor': 1,
    'transaction.state.log.min.isr': 1,
    'transaction.state.log.num.partitions': 1,
    'share.coordinator.state.topic.replication.factor': 1,
    'share.coordinator.state.topic.min.isr': 1,
    'group.initial.rebalance.delay.ms': 0,
    'log.cleaner.backoff.ms': 100,
    'auto.create.topics.enable': 'false',
    'authorizer.class.name': 'org.apache.kafka.metadata.authorizer.StandardAuthorizer',
    'super.users': 'User:ANONYMOUS',
    ...(certificates && secureSettings(certificates, data)),
  };
  return Object.entries(lines)
    .map(([key, value]) => `${key}=${value}\n`)
    .join('');
}

function secureSettings({ ca, server }: Certificates, data: string): Record<string, string> {
  const store = join(data, 'server.pem');
  const both = [server.key, server.cert].map((path) => readFileSync(path, 'utf8'));
  writeFileSync(store, both.join('\n'));
  const jaas = (name: string, more = ''): string => `org.apache.kafka.common.security.${name} required${more};`;
  const { name, password } = KAFKA_USER;
  return {
    'sasl.enabled.mechanisms': 'SCRAM-SHA-256,PLAIN',
    'listener.name.secure.scram-sha-256.sasl.jaas.config': jaas('scram.ScramLoginModule'),
    'listener.name.secure.plain.sasl.jaas.config': jaas('plain.PlainLoginModule', ` user_${name}="${password}"`),
    'listener.name.secure.ssl.keystore.type': 'PEM',
    'listener.name.secure.ssl.keystore.location': store,
    'listener.name.secure.ssl.truststore.type': 'PEM',
    'listener.name.secure.ssl.truststore.location': ca,
  };
}

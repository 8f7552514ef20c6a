import assert from 'node:assert/strict';
import { createServer } from 'node:net';
import { after, before, describe, test } from 'node:test';
import { AclOperations, AclPermissionTypes, ResourcePatternTypes, ResourceTypes } from '@platformatic/kafka';
import { type ErrorCode, HeadgateError } from '../../../src/domain/error.ts';
import { kafka } from '../../../src/sources/kafka/index.ts';
import { answersInTime } from '../../support/answers-in-time.ts';
import { type Certificates, makeCertificates } from '../../support/certificates.ts';
import { KAFKA_USER, type RunningKafka, requireKafka, startKafka } from '../../support/kafka.ts';
import { rawLoopback } from '../../support/loopback.ts';
import { ownTime } from '../../support/own-time.ts';
import { type SilentProxy, startProxy } from '../../support/proxy.ts';
import { deafPort, freePort, requireServer } from '../../support/servers.ts';
import { until } from '../../support/until.ts';
import { look, never, STAGE, sourceFor, type User, userOf } from './cluster.ts';

const { skip } = await requireKafka();
const openssl = requireServer('openssl');
const TOPIC = 'raw';
const ASK = { group: 'enrich', topic: TOPIC };

async function fails(work: Promise<unknown>, ...codes: readonly ErrorCode[]): Promise<HeadgateError> {
  const error = await work.then(
    () => assert.fail(`it did not fail with ${codes.join(' or ')}`),
    (thrown: unknown) => thrown,
  );
  assert.ok(error instanceof HeadgateError, String(error));
  assert.ok(codes.includes(error.code), `${error.code}: ${error.message}`);
  return error;
}

describe('kafka and its connections', { skip: skip || openssl.skip }, () => {
  let certificates: Certificates;
  let proxy: SilentProxy;
  let broker: RunningKafka;
  let user: User;

  before(async () => {
    certificates = makeCertificates(openssl.path);
    const viaPort = await freePort();
    proxy = await startProxy(viaPort);
    broker = await startKafka({ certificates, viaPort, advertised: proxy.port });
    user = userOf(broker.address);
    await user.topic(2, {}, TOPIC);
    await user.produce(TOPIC, 0, 10);
    await until(
      () =>
        user.commit('enrich', TOPIC, [3, 0]).then(
          () => true,
          () => false,
        ),
      {
        what: 'the broker takes commits',
        within: 60_000,
        every: 100,
      },
    );
  });
  after(async () => {
    await user?.close();
    await proxy?.close();
    await broker?.stop();
    certificates?.remove();
  });

  const finds = async (source: ReturnType<typeof sourceFor>): Promise<void> => {
    assert.equal((await look(source, ASK)).value('lag_records'), 7);
  };
  const using = async (
    run: (source: ReturnType<typeof sourceFor>) => Promise<void>,
    address: string,
    more: Readonly<Record<string, unknown>> = {},
  ): Promise<void> => {
    const source = sourceFor(address, more);
    try {
      await run(source);
    } finally {
      await source.close();
    }
  };
  const throughProxy = async (run: (source: ReturnType<typeof sourceFor>) => Promise<void>, timeout = '30s') => {
    await using(run, `127.0.0.1:${proxy.port}`, { timeout });
    await until(() => proxy.sockets.open === 0, { what: 'the source has closed its sockets' });
  };
  const secure = (more: Readonly<Record<string, unknown>> = {}) => ({
    tls: { ca_file: certificates.ca },
    sasl: { mechanism: 'scram-sha-256', username: KAFKA_USER.name, password: KAFKA_USER.password },
    ...more,
  });
  const allow = (resourceType: 2 | 3, resourceName: string, ...operations: (keyof typeof AclOperations)[]) =>
    user.admin.createAcls({
      creations: operations.map((operation) => ({
        resourceType,
        resourceName,
        resourcePatternType: ResourcePatternTypes.LITERAL,
        principal: `User:${KAFKA_USER.name}`,
        host: '*',
        operation: AclOperations[operation],
        permissionType: AclPermissionTypes.ALLOW,
      })),
    });

  test('takes 50 probes at once over a few connections', () =>
    throughProxy(async (source) => {
      const ever = proxy.sockets.ever;
      await Promise.all(Array.from({ length: 50 }, () => finds(source)));
      assert.ok(proxy.sockets.ever - ever <= 2, `${proxy.sockets.ever - ever} connections`);
    }));

  test('one abort among many probes ends that one alone, within 100 ms', () =>
    throughProxy(async (source) => {
      await fails(source.probe(kafka.probe.parse(ASK), STAGE, AbortSignal.abort()), 'aborted');
      const controller = new AbortController();
      const first = source.probe(kafka.probe.parse(ASK), STAGE, controller.signal);
      const second = finds(source);
      controller.abort();
      assert.ok((await ownTime(fails(first, 'aborted'))) < 100);
      await second;
    }));

  test('gives up a connection that falls silent, and takes a new one as soon as there is one', () =>
    throughProxy(async (source) => {
      await answersInTime(() => finds(source));
      proxy.freeze();
      const twice = async (): Promise<void> => {
        await fails(look(source, ASK), 'timeout');
        await fails(look(source, ASK), 'timeout');
      };
      const took = await ownTime(twice());
      assert.ok(took < 2_000, `${took} ms`);
      proxy.thaw();
      await until(
        () =>
          finds(source).then(
            () => true,
            (error) => (error.code === 'timeout' ? false : Promise.reject(error)),
          ),
        {
          what: 'it answers again',
          every: 50,
        },
      );
    }, '500ms'));

  test('hears an abort, and close, within 100 ms while the other side is silent', async (t) => {
    const silent = await rawLoopback(createServer((socket) => socket.resume()));
    t.after(silent.close);
    const source = sourceFor(`127.0.0.1:${silent.port}`);
    const controller = new AbortController();
    const ask = kafka.probe.parse(ASK);
    const [first, second] = [source.probe(ask, STAGE, controller.signal), source.probe(ask, STAGE, never)];
    const ended = [fails(first, 'aborted'), fails(second, 'aborted')];
    await until(() => silent.sockets.open > 0, { what: 'the source has connected' });
    controller.abort();
    assert.ok((await ownTime(ended[0] as Promise<unknown>)) < 100);
    assert.ok((await ownTime(Promise.all([source.close(), source.close(), ended[1]]))) < 100);
    await fails(source.probe(ask, STAGE, never), 'aborted');
    await until(() => silent.sockets.open === 0, { what: 'the sockets are closed' });
  });

  test('can be closed before it was used', async () => {
    const source = sourceFor('127.0.0.1:1');
    await source.close();
    await fails(look(source, ASK), 'aborted');
  });

  test('what is another server altogether is a HeadgateError and no crash', async (t) => {
    for (const greeting of ['HTTP/1.1 400 Bad Request\r\n\r\n', '220 smtp ready\r\n', '\u0000\u0000\u0000\u0004abcd']) {
      const other = await rawLoopback(
        createServer((socket) => {
          socket.on('error', () => {});
          socket.on('data', () => socket.write(greeting));
          socket.write(greeting);
        }),
      );
      t.after(other.close);
      await using(
        (source) => fails(look(source, ASK), 'malformed', 'unreachable', 'timeout').then(),
        `127.0.0.1:${other.port}`,
        {
          timeout: '500ms',
        },
      );
      await until(() => other.sockets.open === 0, { what: 'the sockets are closed' });
    }
  });

  test('a port where nobody listens is unreachable, and the next broker is asked instead', async (t) => {
    const deaf = await deafPort();
    t.after(() => deaf.close());
    const nobody = `127.0.0.1:${deaf.port}`;
    await using((source) => fails(look(source, ASK), 'unreachable').then(), nobody);
    const source = kafka.create(kafka.config.parse({ brokers: [nobody, broker.address] }), {
      clock: (await import('../../../src/app/clock.ts')).systemClock,
      random: () => 0.5,
    });
    await finds(source);
    await source.close();
  });

  describe('with TLS and SASL', () => {
    test('says which rights are missing, one by one, until it has them all', () =>
      using(
        async (source) => {
          assert.match(
            (await fails(look(source, ASK), 'unauthorized')).message,
            /grant this user DESCRIBE on the topic/,
          );
          await allow(ResourceTypes.TOPIC, TOPIC, 'DESCRIBE');
          assert.match(
            (await fails(look(source, ASK), 'unauthorized')).message,
            /grant this user DESCRIBE on the group/,
          );
          await allow(ResourceTypes.GROUP, 'enrich', 'DESCRIBE');
          const some = await look(source, ASK);
          assert.equal(some.value('lag_records'), 7);
          assert.match(some.gapOf('loss_horizon_seconds')?.message ?? '', /grant this user DESCRIBE_CONFIGS/);
          assert.match(some.gapOf('lag_seconds')?.message ?? '', /grant this user READ on the topic/);
          await allow(ResourceTypes.TOPIC, TOPIC, 'DESCRIBE_CONFIGS', 'READ');
          await using(
            async (fresh) => {
              const all = await look(fresh, ASK);
              assert.deepEqual(all.reading.gaps, []);
              assert.equal(all.value('lag_confidence'), 3);
            },
            broker.secure,
            secure(),
          );
        },
        broker.secure,
        secure(),
      ));

    test('speaks SCRAM and PLAIN', async () => {
      await allow(ResourceTypes.TOPIC, TOPIC, 'DESCRIBE', 'DESCRIBE_CONFIGS', 'READ');
      await allow(ResourceTypes.GROUP, 'enrich', 'DESCRIBE');
      await using(finds, broker.secure, secure());
      await using(finds, broker.secure, secure({ sasl: { ...secure().sasl, mechanism: 'plain' } }));
    });

    test('wrong credentials are unauthorized, time and again, and the secret is kept', () =>
      using(
        async (source) => {
          for (let round = 0; round < 3; round += 1) {
            const error = await fails(look(source, ASK), 'unauthorized');
            assert.match(error.message, /check user name, password/);
            assert.ok(!`${error.message}${error.stack}`.includes('wrong-battery'));
          }
        },
        broker.secure,
        secure({ sasl: { ...secure().sasl, password: 'wrong-battery' } }),
      ));

    test('a mechanism that the listener does not take is named', () =>
      using(
        async (source) => {
          assert.match((await fails(look(source, ASK), 'unauthorized')).message, /set sasl\.mechanism/);
        },
        broker.secure,
        secure({ sasl: { ...secure().sasl, mechanism: 'scram-sha-512' } }),
      ));

    test('an authority that is not known, and TLS on one side only, are unreachable and say why', async () => {
      const failing = async (address: string, more: Readonly<Record<string, unknown>>): Promise<string> => {
        let message = '';
        await using(
          async (source) => {
            message = (await fails(look(source, ASK), 'unreachable')).message;
          },
          address,
          more,
        );
        return message;
      };
      assert.match(await failing(broker.secure, secure({ tls: {} })), /set tls\.ca_file/);
      assert.match(await failing(broker.secure, {}), /add tls/);
      assert.match(await failing(broker.address, { tls: {} }), /TLS/);
      assert.match(await failing(broker.secure, secure({ sasl: undefined })), /set sasl/);
    });

    test('a password file that cannot be read is bad-config', () =>
      using(
        async (source) => {
          await fails(look(source, ASK), 'bad-config');
        },
        broker.secure,
        secure({ sasl: { mechanism: 'plain', username: 'u', password_file: '/nonexistent/secret' } }),
      ));
  });

  test('is there again after the broker was restarted, and keeps what it knew', () =>
    using(async (source) => {
      await finds(source);
      await broker.halt();
      await fails(look(source, ASK), 'unreachable');
      await broker.restart();
      await until(
        () =>
          look(source, ASK).then(
            ({ value }) => value('in_records_per_second') === 0,
            () => false,
          ),
        {
          what: 'it answers again',
          within: 60_000,
          every: 100,
        },
      );
      await finds(source);
    }, broker.address));
});

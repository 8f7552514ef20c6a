import assert from 'node:assert/strict';
import { test } from 'node:test';
import { kafka } from '../../../src/sources/kafka/index.ts';

const connects = (config: Readonly<Record<string, unknown>>): boolean =>
  kafka.config.safeParse({ brokers: ['a:9092'], ...config }).success;
const asks = (probe: Readonly<Record<string, unknown>>): boolean => kafka.probe.safeParse(probe).success;

test('a broker is host:port, with brackets around an IPv6 address', () => {
  for (const broker of ['a:9092', 'kafka.example.com:9093', '127.0.0.1:1', '[::1]:9092'])
    assert.ok(connects({ brokers: [broker] }), broker);
  for (const broker of ['a', 'a:', ':9092', 'a:99999', 'kafka://a:9092', '::1:9092', 'a b:1'])
    assert.ok(!connects({ brokers: [broker] }), broker);
  assert.ok(!connects({ brokers: [] }));
});

test('each SASL mechanism wants its own credentials', () => {
  const password = { username: 'me', password: 'x' };
  const oauth = { token_url: 'https://id/token', client_id: 'me', client_secret: 'x' };
  for (const mechanism of ['plain', 'scram-sha-256', 'scram-sha-512']) {
    assert.ok(connects({ sasl: { mechanism, ...password } }), mechanism);
    assert.ok(connects({ sasl: { mechanism, username: 'me', password_file: '/run/secrets/p' } }), mechanism);
    assert.ok(!connects({ sasl: { mechanism, username: 'me' } }), mechanism);
    assert.ok(!connects({ sasl: { mechanism, password: 'x' } }), mechanism);
    assert.ok(!connects({ sasl: { mechanism, ...password, oauth } }), mechanism);
  }
  assert.ok(connects({ sasl: { mechanism: 'oauthbearer', oauth } }));
  assert.ok(connects({ sasl: { mechanism: 'oauthbearer', token_file: '/run/secrets/t' } }));
  assert.ok(!connects({ sasl: { mechanism: 'oauthbearer', token: 'x', oauth } }));
  assert.ok(!connects({ sasl: { mechanism: 'oauthbearer', ...password } }));
  assert.ok(!connects({ sasl: { mechanism: 'gssapi', ...password } }));
});

test('a probe names a topic or a dlq, and a group needs a topic', () => {
  assert.ok(asks({ topic: 'raw' }));
  assert.ok(asks({ group: 'enrich', topic: ['raw', 'orders-*'] }));
  assert.ok(asks({ dlq: 'raw.dlq' }));
  assert.ok(!asks({}));
  assert.ok(!asks({ group: 'enrich' }));
  assert.ok(!asks({ group: 'enrich', dlq: 'raw.dlq' }));
  assert.ok(!asks({ dlq: 'raw.*' }));
  assert.ok(!asks({ topic: 'a/b' }));
});

test('a probe promises the signals it will answer', () => {
  const names = (probe: Readonly<Record<string, unknown>>): readonly string[] =>
    kafka.signals(kafka.probe.parse(probe)).map(({ name }) => name);
  assert.deepEqual(names({ dlq: 'raw.dlq' }), ['dlq_depth']);
  assert.deepEqual(names({ topic: 'raw' }), ['in_records_per_second', 'partitions']);
  const all = names({ topic: 'raw', group: 'enrich', dlq: 'raw.dlq' });
  for (const name of [
    'lag_records',
    'lag_seconds',
    'lag_confidence',
    'loss_horizon_seconds',
    'dlq_depth',
    'rebalancing',
  ])
    assert.ok(all.includes(name), name);
  const bare = names({ topic: 'raw', group: 'enrich', retention: false });
  assert.ok(!bare.includes('loss_horizon_seconds') && !bare.includes('lost_records'));
});

import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { HeadgateError } from '../../src/domain/error.ts';
import { Secret } from '../../src/kit/secret.ts';
import { signatureFault, signWebhook } from '../../src/kit/signature.ts';

// The vector of the reference libraries of Standard Webhooks (github.com/standard-webhooks/standard-webhooks, libraries/*).
const GOLDEN = {
  secret: Secret.of('whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw'),
  message: { id: 'msg_p5jXN8AQM9LWM0D4loKWxJek', body: '{"test": 2432232314}' },
  now: 1_614_265_330_000,
  signature: 'v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=',
};
const OTHER = Secret.of(`whsec_${Buffer.alloc(32, 7).toString('base64')}`);
const { secret, message, now } = GOLDEN;

test('the reference vector is signed alike', () => {
  assert.deepEqual(signWebhook(message, [secret], now), {
    'webhook-id': message.id,
    'webhook-timestamp': '1614265330',
    'webhook-signature': GOLDEN.signature,
  });
});

test('bytes and text sign alike, and the prefix may be left out', () => {
  const bytes = signWebhook({ ...message, body: Buffer.from(message.body) }, [secret], now);
  assert.equal(bytes['webhook-signature'], GOLDEN.signature);
  const bare = signWebhook(message, [Secret.of('MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw\n')], now);
  assert.equal(bare['webhook-signature'], GOLDEN.signature);
});

test('with two secrets a receiver that knows either believes', () => {
  const headers = signWebhook(message, [OTHER, secret], now);
  assert.equal(headers['webhook-signature'].split(' ').length, 2);
  for (const known of [[secret], [OTHER], [OTHER, secret]]) {
    assert.equal(signatureFault(headers, message.body, known, now), undefined);
  }
});

test('signatures of other versions are passed over', () => {
  const headers = { ...signWebhook(message, [secret], now), 'webhook-signature': `v1a,AAAA v2,x ${GOLDEN.signature}` };
  assert.equal(signatureFault(headers, message.body, [secret], now), undefined);
});

test('a message is not believed five minutes before or after its time', () => {
  const headers = signWebhook(message, [secret], now);
  const fault = (at: number) => signatureFault(headers, message.body, [secret], at);
  assert.equal(fault(now + 300_000), undefined);
  assert.equal(fault(now - 300_000), undefined);
  assert.equal(fault(now + 300_001), 'too-old');
  assert.equal(fault(now - 300_001), 'too-new');
});

test('what is missing or twisted is told', () => {
  const headers = signWebhook(message, [secret], now);
  const fault = (change: Record<string, string | string[] | undefined>) =>
    signatureFault({ ...headers, ...change }, message.body, [secret], now);
  for (const name of ['webhook-id', 'webhook-timestamp', 'webhook-signature']) {
    assert.equal(fault({ [name]: undefined }), 'missing-header', name);
    assert.equal(fault({ [name]: ['a', 'b'] }), 'missing-header', name);
  }
  for (const timestamp of ['', 'now', '-1', '1e9', '1614265330.5', ' 1614265330']) {
    assert.equal(fault({ 'webhook-timestamp': timestamp }), 'bad-timestamp', timestamp);
  }
  for (const signature of ['', 'v1,', 'v1', GOLDEN.signature.slice(3), `v2${GOLDEN.signature.slice(2)}`, 'v1,AAAA']) {
    assert.equal(fault({ 'webhook-signature': signature }), 'no-match', signature);
  }
  assert.equal(fault({ 'webhook-id': 'msg_other' }), 'no-match');
  assert.equal(fault({ 'webhook-timestamp': '1614265331' }), 'no-match');
});

test('any other body or secret is not believed', () => {
  fc.assert(
    fc.property(fc.string(), fc.uint8Array({ minLength: 24, maxLength: 64 }), (body, key) => {
      const headers = signWebhook({ id: 'a', body }, [secret], now);
      const other = Secret.of(`whsec_${Buffer.from(key).toString('base64')}`);
      return (
        signatureFault(headers, body, [secret], now) === undefined &&
        signatureFault(headers, `${body}x`, [secret], now) === 'no-match' &&
        signatureFault(headers, body, [other], now) === 'no-match'
      );
    }),
  );
});

test('a secret of another form is refused without being shown', () => {
  for (const text of [
    '',
    'whsec_',
    'hunter2',
    'whsec_hunter2!!!!!!!!!!!!!!!!!!!!!!!!',
    `whsec_${'A'.repeat(28)}`,
    `whsec_${'A'.repeat(100)}`,
  ]) {
    assert.throws(
      () => signWebhook(message, [Secret.of(text)], now),
      (error) => error instanceof HeadgateError && error.code === 'bad-config' && !error.message.includes('hunter2'),
      text,
    );
  }
  assert.throws(() => signWebhook(message, [], now), /without a secret/);
  assert.throws(() => signWebhook({ id: 'a.b', body: '' }, [secret], now), /no dot/);
});

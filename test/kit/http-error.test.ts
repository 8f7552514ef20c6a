import assert from 'node:assert/strict';
import { test } from 'node:test';
import { HeadgateError } from '../../src/domain/error.ts';
import { networkError, parseRetryAfter, redactUrl } from '../../src/kit/http-error.ts';

const NOW = Date.UTC(1994, 10, 6, 8, 49, 37);

test('Retry-After in seconds', () => {
  assert.equal(parseRetryAfter('0', NOW), 0);
  assert.equal(parseRetryAfter(' 120 ', NOW), 120_000);
  assert.equal(parseRetryAfter('9999999999', NOW), 86_400_000, 'nobody is told to wait for more than a day');
});

test('Retry-After as a date, in the three forms of RFC 9110 §5.6.7', () => {
  for (const date of ['Sun, 06 Nov 1994 08:50:07 GMT', 'Sunday, 06-Nov-94 08:50:07 GMT', 'Sun Nov  6 08:50:07 1994']) {
    assert.equal(parseRetryAfter(date, NOW), 30_000, date);
  }
  assert.equal(parseRetryAfter('Sun, 06 Nov 1994 08:00:00 GMT', NOW), 0, 'a date that has passed');
});

test('Retry-After that is neither is not known', () => {
  for (const text of [undefined, '', 'soon', '-5', '1.5', '5 minutes', '1e3', 'Sun, 99 Nov 1994 08:50:07 GMT']) {
    assert.equal(parseRetryAfter(text, NOW), undefined, String(text));
  }
});

test('a redacted url keeps what helps and hides what could be a secret', () => {
  assert.equal(
    redactUrl('https://me:pw@host:8443/api/v1?key=abc&n=1#x'),
    'https://host:8443/api/v1?key=[secret]&n=[secret]',
  );
  assert.equal(redactUrl(new URL('http://host')), 'http://host/');
  assert.doesNotMatch(redactUrl('not a url hunter2'), /hunter2/);
});

test('errors of the network get a code and a hint', () => {
  const CASES: readonly [code: string, kind: string, message: RegExp][] = [
    ['ECONNREFUSED', 'unreachable', /is the process running/],
    ['ENOTFOUND', 'unreachable', /host name is unknown/],
    ['EAI_AGAIN', 'unreachable', /DNS/],
    ['ECONNRESET', 'unreachable', /closed before/],
    ['EHOSTUNREACH', 'unreachable', /no route/],
    ['CERT_HAS_EXPIRED', 'unreachable', /certificate is not accepted \(CERT_HAS_EXPIRED\)/],
    ['DEPTH_ZERO_SELF_SIGNED_CERT', 'unreachable', /certificate/],
    ['UNABLE_TO_VERIFY_LEAF_SIGNATURE', 'unreachable', /certificate/],
    ['EPROTO', 'unreachable', /TLS/],
    ['HPE_INVALID_CONSTANT', 'malformed', /not HTTP/],
    ['EWHATEVER', 'unreachable', /connection failed \(EWHATEVER\)/],
  ];
  for (const [code, kind, message] of CASES) {
    const error = networkError('GET http://x/', Object.assign(new Error('raw text'), { code }));
    assert.equal(error.code, kind, code);
    assert.match(error.message, message);
    assert.match(error.message, /^GET http:\/\/x\/: /);
  }
});

test('of several addresses that failed the first speaks, and our own errors pass', () => {
  const refused = Object.assign(new Error('x'), { code: 'ECONNREFUSED' });
  assert.match(networkError('GET x', new AggregateError([refused, new Error('y')])).message, /refused/);
  const own = new HeadgateError('bad-config', 'mine');
  assert.equal(networkError('GET x', own), own);
});

import assert from 'node:assert/strict';
import test from 'node:test';
import { NOW, start } from './house.ts';

const HOUR = 3_600_000;
const messageOf = (json: unknown): string => (json as { error: { message: string } }).error.message;

test('passes every command on with who asked', async (t) => {
  const { post, house } = await start(t);
  const by = 'ana';
  const table: [path: string, body: object | undefined, command: string, on: string, ask: object][] = [
    [
      '/leases/L-88/release',
      { by, reason: 'deploy', holdoff: '30m' },
      'releaseLease',
      'L-88',
      { by, reason: 'deploy', holdOff: HOUR / 2 },
    ],
    [
      '/leases/L-88/release',
      { reason: 'deploy' },
      'releaseLease',
      'L-88',
      { by: 'http', reason: 'deploy', holdOff: 0 },
    ],
    [
      '/leases/L-88/release',
      { reason: 'deploy', holdoff: 90 },
      'releaseLease',
      'L-88',
      { by: 'http', reason: 'deploy', holdOff: 90_000 },
    ],
    ['/incidents/4127/ack', { by }, 'acknowledge', '4127', { by }],
    ['/incidents/4127/ack', undefined, 'acknowledge', '4127', { by: 'http' }],
    ['/incidents/4127/mute', { by, for: '2h' }, 'mute', '4127', { by, until: NOW + 2 * HOUR }],
    ['/incidents/4127/mute', { by }, 'mute', '4127', { by, until: NOW + HOUR }],
    [
      '/incidents/4127/mute',
      { until: '2026-11-21T04:00:00Z' },
      'mute',
      '4127',
      { by: 'http', until: Date.UTC(2026, 10, 21, 4) },
    ],
    ['/incidents/4127/label', { by, label: 'not-an-anomaly' }, 'label', '4127', { by, label: 'not-an-anomaly' }],
    [
      '/incidents/4127/note',
      { by, text: 'looks like the deploy' },
      'note',
      '4127',
      { by, text: 'looks like the deploy' },
    ],
    ['/subjects/orders.enrich%2Flag_seconds/accept', { by }, 'accept', 'orders.enrich/lag_seconds', { by }],
    ['/subjects/orders.enrich%2F*/accept', { by }, 'accept', 'orders.enrich/*', { by }],
    ['/policies/protect-enrich/promote', { by, mode: 'dry-run' }, 'promote', 'protect-enrich', { by, mode: 'dry-run' }],
    ['/actions/stop', { by, reason: 'fire drill' }, 'stopActing', '', { by, reason: 'fire drill' }],
    ['/actions/resume', { by }, 'resumeActing', '', { by }],
    ['/notifiers/oncall/test', { by }, 'testNotice', 'oncall', { by }],
  ];
  for (const [path, body, command, on, asked] of table) {
    const { status, json } = await post(`/api/v1${path}`, body);
    assert.deepEqual([status, json], [200, { ok: true }], path);
    assert.deepEqual(house.calls.at(-1), { command, on, ask: asked }, path);
  }
});

test('answers what cannot be done with the reason for people', async (t) => {
  const { post, house } = await start(t);
  house.facts.answer = { ok: false, code: 'not-found', message: 'there is no lease "L-1"' };
  const missing = await post('/api/v1/leases/L-1/release', { reason: 'x' });
  assert.deepEqual([missing.status, messageOf(missing.json)], [404, 'there is no lease "L-1"']);
  house.facts.answer = { ok: false, code: 'conflict', message: 'lease L-1 is released already' };
  assert.equal((await post('/api/v1/leases/L-1/release', { reason: 'x' })).status, 409);
});

test('checks every field and says what it wanted', async (t) => {
  const { post, house } = await start(t);
  const table: [path: string, body: unknown, says: RegExp][] = [
    ['/leases/L-88/release', {}, /field "reason": want text/],
    ['/leases/L-88/release', { reason: ' ' }, /field "reason"/],
    ['/leases/L-88/release', { reason: 7 }, /field "reason"/],
    ['/leases/L-88/release', { reason: 'x'.repeat(1_001) }, /1 to 1000 characters/],
    ['/leases/L-88/release', { reason: 'a\u0000b' }, /field "reason"/],
    ['/leases/L-88/release', { reason: 'x', holdoff: 'soon' }, /field "holdoff": want a duration/],
    ['/leases/L-88/release', { reason: 'x', holdoff: -1 }, /field "holdoff"/],
    ['/leases/L-88/release', { reason: 'x', holdoff: '60d' }, /at most 168 h/],
    ['/leases/L-88/release', { reason: 'x', extra: 1 }, /unknown field "extra"; known are reason, holdoff, by/],
    ['/leases/L-88/release', { reason: 'x', by: '' }, /field "by"/],
    ['/incidents/4127/mute', { for: '0s' }, /within the next 30 days/],
    ['/incidents/4127/mute', { until: '2026-11-20' }, /within the next 30 days/],
    ['/incidents/4127/mute', { until: 'tomorrow' }, /field "until": want a time/],
    ['/incidents/4127/label', { label: 'fine' }, /want one of real, not-an-anomaly/],
    ['/incidents/4127/label', { label: '__proto__' }, /want one of/],
    ['/incidents/4127/note', { text: '' }, /field "text"/],
    ['/policies/p/promote', { mode: 'attack' }, /want one of observe, dry-run, enforce/],
    ['/subjects/enrich/accept', {}, /want a subject/],
    ['/subjects/a.b/accept', {}, /want a subject/],
    ['/actions/stop', [], /must be a JSON object/],
    ['/actions/stop', null, /must be a JSON object/],
    ['/actions/stop', 'text', /must be a JSON object/],
  ];
  for (const [path, body, says] of table) {
    const { status, json } = await post(`/api/v1${path}`, body);
    assert.equal(status, 400, `${path} ${JSON.stringify(body)}`);
    assert.match(messageOf(json), says);
  }
  assert.deepEqual(house.calls, []);
});

test('refuses bodies that are no JSON, of another type, or too large', async (t) => {
  const { call, house } = await start(t);
  const ours = { 'x-headgate': '1', 'content-type': 'application/json' };
  const send = (headers: Record<string, string>, body: string) => call('POST', '/api/v1/actions/stop', headers, body);
  assert.equal((await send(ours, '{"reason":')).status, 400);
  assert.equal((await send({ 'x-headgate': '1', 'content-type': 'text/plain' }, '{"reason":"x"}')).status, 415);
  assert.equal((await send({ 'x-headgate': '1' }, '{"reason":"x"}')).status, 415);
  assert.equal(
    (await send({ ...ours, 'content-type': 'application/json; charset=utf-8' }, '{"reason":"x"}')).status,
    200,
  );
  const large = JSON.stringify({ reason: 'x'.repeat(70_000) });
  assert.equal((await send({ ...ours, 'content-length': `${large.length}` }, large)).status, 413);
  assert.equal((await send({ ...ours, 'transfer-encoding': 'chunked' }, large)).status, 413);
  assert.equal(house.calls.length, 1);
});

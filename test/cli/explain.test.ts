import assert from 'node:assert/strict';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { type TestContext, test } from 'node:test';
import * as explain from '../../src/cli/explain.ts';
import { incident } from '../page/support/records.ts';
import { run } from './running.ts';

/** A daemon that knows one incident and two decisions, of which one is about it. */
async function daemon(t: TestContext): Promise<string> {
  const decision = {
    at: incident.openedAt,
    policy: 'keep',
    stage: 'orders.ingest',
    kind: 'withhold',
    reason: 'cooldown',
  };
  const answers: Record<string, unknown> = {
    '/api/v1/incidents/4127': incident,
    '/api/v1/decisions': [
      { ...decision, incident: '4127', because: '12 s of the cooldown are left' },
      { ...decision, incident: '9', because: 'of another incident' },
    ],
  };
  const server = createServer((request, response) => {
    const answer = answers[new URL(request.url ?? '/', 'http://local').pathname];
    response.writeHead(answer ? 200 : 404, { 'content-type': 'application/json' });
    response.end(JSON.stringify(answer ?? { error: { code: 'not-found', message: 'no such incident' } }));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  t.after(() => server.close());
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

test('explain tells who voted for an incident, how surely, and what was decided', async (t) => {
  const { code, out } = await run(explain, ['4127', '--url', await daemon(t)]);
  assert.equal(code, 0);
  const lines = out.split('\n');
  const votes = lines.slice(lines.findIndex((line) => line.startsWith('Votes')) + 1).slice(0, 4);
  assert.deepEqual(
    votes.map((line) => line.trim().replaceAll(/\s+/g, ' ')),
    [
      '23.0 baseline lag_seconds 321 s, usually 1.8 to 16 s at this hour; 71 % of the surprise',
      'novelty p 7e-7',
      'season p 0.0001',
      '6.0 baseline latency_p99_seconds 2.7 s, usually 0.27 to 0.57 s; 20 % of the surprise',
    ],
  );
  assert.ok(out.includes('12 s of the cooldown are left') && !out.includes('of another incident'));
});

test('explain as JSON holds the votes as they are', async (t) => {
  const { out } = await run(explain, ['4127', '--url', await daemon(t), '--format', 'json']);
  assert.deepEqual(JSON.parse(out).incident.because[0].votes, incident.because[0]?.votes);
});

import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import test from 'node:test';
import { promisify } from 'node:util';

interface Span {
  readonly traceId: string;
  readonly spanId: string;
  readonly parentSpanId?: string;
  readonly name: string;
  readonly status?: { readonly code?: number };
  readonly attributes: readonly { readonly key: string }[];
}

interface Said {
  readonly active: boolean;
  readonly steps: readonly string[];
  readonly line: { readonly trace_id?: string; readonly span_id?: string };
  readonly sdk: number;
}

const run = promisify(execFile);

/** The child without what the caller's own environment says of tracing. */
async function child(endpoint: string | undefined, env: Record<string, string> = {}): Promise<Said> {
  const clean = Object.fromEntries(Object.entries(process.env).filter(([name]) => !name.startsWith('OTEL_')));
  const args = [join(import.meta.dirname, 'spans.ts'), ...(endpoint === undefined ? [] : [endpoint])];
  const { stdout } = await run(process.execPath, args, { env: { ...clean, ...env }, timeout: 60_000 });
  return JSON.parse(stdout);
}

async function receiver(t: { after(call: () => void): void }) {
  const got: { path: string; body: string }[] = [];
  const server = createServer((request, response) => {
    let body = '';
    request.setEncoding('utf8');
    request.on('data', (chunk: string) => {
      body += chunk;
    });
    request.on('end', () => {
      got.push({ path: request.url ?? '', body });
      response.writeHead(200, { 'Content-Type': 'application/json' }).end('{}');
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  t.after(() => server.close());
  return { got, url: `http://127.0.0.1:${(server.address() as AddressInfo).port}` };
}

test('exports probe, score, decide and act as one trace of parents and children', async (t) => {
  const { got, url } = await receiver(t);
  const said = await child(url, { OTEL_EXPORTER_OTLP_PROTOCOL: 'http/json' });
  assert.equal(said.active, true);
  assert.ok(said.sdk > 10, 'the list of modules shows the SDK');
  assert.deepEqual([...new Set(got.map(({ path }) => path))], ['/v1/traces'], 'no metrics and no logs');
  const resources = got.flatMap(({ body }) => JSON.parse(body).resourceSpans);
  const spans: Span[] = resources.flatMap(({ scopeSpans }) =>
    scopeSpans.flatMap((scope: { spans: Span[] }) => scope.spans),
  );
  const by = (name: string): Span => {
    const span = spans.find((one) => one.name === name);
    assert.ok(span, name);
    return span;
  };
  assert.equal(new Set(spans.map(({ traceId }) => traceId)).size, 1);
  assert.equal(by('probe').parentSpanId ?? '', '');
  assert.equal(by('score').parentSpanId, by('probe').spanId);
  assert.equal(by('decide').parentSpanId, by('score').spanId);
  const acts = spans.filter(({ name }) => name === 'act');
  assert.deepEqual(
    acts.map(({ parentSpanId, status }) => [parentSpanId, status?.code ?? 0]),
    [
      [by('decide').spanId, 0],
      [by('decide').spanId, 2],
    ],
  );
  assert.deepEqual(
    by('probe').attributes.map(({ key }) => key),
    ['headgate.stage'],
  );
  assert.match(JSON.stringify(resources[0].resource), /"service.name","value":\{"stringValue":"headgate"\}/);
  assert.deepEqual(
    [said.line.trace_id, said.line.span_id],
    [acts[0]?.traceId, acts[0]?.spanId],
    'log lines carry the span',
  );
});

test('takes the endpoint from the environment too', async (t) => {
  const { got, url } = await receiver(t);
  const said = await child(undefined, { OTEL_EXPORTER_OTLP_ENDPOINT: url });
  assert.equal(said.active, true);
  assert.equal(got[0]?.path, '/v1/traces');
});

test('loads nothing of the SDK without an exporter, and measures the steps all the same', async () => {
  const said = await child(undefined);
  assert.deepEqual(said, {
    active: false,
    steps: ['act', 'act', 'decide', 'score', 'probe'],
    line: said.line,
    sdk: 0,
  });
  assert.equal(said.line.trace_id, undefined);
});

test('ends in time where the receiver does not answer', async () => {
  const said = await child('http://127.0.0.1:9', { OTEL_EXPORTER_OTLP_TIMEOUT: '300' });
  assert.equal(said.active, true);
});

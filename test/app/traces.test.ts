import assert from 'node:assert/strict';
import { test } from 'node:test';
import { answerWith, loopback } from '../support/loopback.ts';
import { until } from '../support/until.ts';
import { outsideWorld } from './crash/world.ts';
import { headgate } from './program.ts';
import { configIn, folderOf } from './settings.ts';

interface Span {
  readonly traceId: string;
  readonly spanId: string;
  readonly parentSpanId?: string;
  readonly name: string;
  readonly attributes: readonly { readonly key: string; readonly value: { readonly stringValue?: string } }[];
}

const spansIn = (body: string): Span[] =>
  (JSON.parse(body) as { resourceSpans: { scopeSpans: { spans: Span[] }[] }[] }).resourceSpans.flatMap(
    ({ scopeSpans }) => scopeSpans.flatMap(({ spans }) => spans),
  );

test('one tick that moves a gate is one trace: probe, score, decide, and what was done and told inside it', async (t) => {
  const outside = await outsideWorld();
  t.after(() => outside.close());
  const receiver = await loopback(answerWith('{}', 200, { 'content-type': 'application/json' }));
  t.after(() => receiver.close());
  outside.lag = 200;
  const program = headgate(
    t,
    ['run', '--config', configIn(folderOf(t), { url: outside.url, otlp: receiver.url, lease: '1m' })],
    {
      env: { OTEL_EXPORTER_OTLP_PROTOCOL: 'http/json' },
    },
  );
  await until(() => outside.rate() === 0 || program.hasEnded(), { what: 'the gate is held', within: 60_000 });
  program.interrupt('SIGTERM');
  assert.equal(await program.ended, 0, program.err);

  const spans = receiver.requests.filter(({ path }) => path === '/v1/traces').flatMap(({ body }) => spansIn(body));
  const acting = spans.find(({ name }) => name === 'act');
  assert.ok(acting, 'a gate was moved');
  const trace = spans.filter(({ traceId }) => traceId === acting.traceId);
  const one = (name: string): Span => {
    const found = trace.filter((span) => span.name === name);
    assert.equal(found.length, 1, `${name} in ${trace.map((span) => span.name)}`);
    return found[0] as Span;
  };
  const tick = one('tick');
  assert.equal(tick.parentSpanId ?? '', '');
  assert.deepEqual(
    ['probe', 'score', 'decide'].map((name) => one(name).parentSpanId),
    [tick.spanId, tick.spanId, tick.spanId],
  );
  assert.equal(acting.parentSpanId, one('decide').spanId);
  assert.deepEqual(
    tick.attributes.map(({ key, value }) => [key, value.stringValue]),
    [['headgate.stage', 'p.work']],
  );
  assert.ok(
    trace.some(({ name }) => name === 'notify'),
    'the notice belongs to it as well',
  );
});

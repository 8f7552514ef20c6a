import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { metricsEndpoint } from '../../../src/sources/metrics-endpoint/index.ts';
import { fakeClock } from '../../support/fake-clock.ts';
import { loopback } from '../../support/loopback.ts';

const never = new AbortController().signal;
setFlagsFromString('--expose-gc');
const collectGarbage = runInNewContext('gc') as () => void;

/** A page of about `size` characters with histograms of `route`s, and two counters that are wanted. */
function pageOf(size: number): string {
  const bounds = ['0.1', '0.5', '1', '+Inf'];
  const one = (index: number): string =>
    bounds
      .map((le) => `http_request_duration_seconds_bucket{route="/api/v1/route-${index}",le="${le}"} ${index}\n`)
      .join('');
  const count = Math.ceil(size / one(100).length);
  const wanted = 'orders_records_in_total{topic="a-rather-long-topic-name"} 12\norders_lag_seconds 3\n';
  return wanted + Array.from({ length: count }, (_, index) => one(index)).join('');
}

async function open(body: string) {
  const server = await loopback((_request, response) =>
    response.writeHead(200, { 'content-type': 'text/plain' }).end(body),
  );
  const clock = fakeClock();
  const source = metricsEndpoint.create(metricsEndpoint.config.parse({}), { clock, random: () => 0.5 });
  const ask = metricsEndpoint.probe.parse({ url: server.url });
  return { server, source, ask, close: () => Promise.all([source.close(), server.close()]) };
}

test('other work goes on while a large page is read', async (t) => {
  const size = 5_000_000;
  const { source, ask, close } = await open(pageOf(size));
  t.after(close);
  let turns = 0;
  let received = false;
  const tick = (): void => {
    turns += 1;
    if (!received) setImmediate(tick);
  };
  setImmediate(tick);
  await source.probe(ask, 'orders.enrich', never);
  received = true;
  assert.ok(turns >= size / 100_000, `${turns} turns of the event loop`);
});

test('what is kept between polls does not hold the pages it was read from', async (t) => {
  const { source, ask, close } = await open(pageOf(1_000_000));
  t.after(close);
  await source.probe(ask, 'orders.first', never);
  collectGarbage();
  const before = process.memoryUsage().heapUsed;
  for (let stage = 0; stage < 60; stage += 1) await source.probe(ask, `orders.s${stage}`, never);
  collectGarbage();
  const grown = process.memoryUsage().heapUsed - before;
  assert.ok(grown < 10_000_000, `60 pages of 1 MB have left ${grown} bytes`);
});

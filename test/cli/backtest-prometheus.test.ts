import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Readable, Writable } from 'node:stream';
import { after, before, describe, test } from 'node:test';
import { run } from '../../src/cli/backtest.ts';
import { HOUR, MINUTE } from '../../src/domain/time.ts';
import { startPrometheusWithPast } from '../support/prometheus.ts';
import { deafPort, type RunningServer, requireServer } from '../support/servers.ts';

const skip = requireServer('prometheus').skip || requireServer('promtool').skip;
const END = Date.UTC(2026, 0, 19);
const START = END - 30 * HOUR;
/** An hour in which `enrich` stood and its lag grew. */
const FAULT = [END - 4 * HOUR, END - 3 * HOUR] as const;

const configFor = (url: string): string => `
store: { memory: true }
notifiers: { log: { type: log } }
routes: [{ to: [log] }]
pipelines:
  orders:
    every: 1m
    season: []
    stages:
      ingest: { probes: [{ type: prometheus, url: '${url}', queries: { in_records_per_second: 'sum(rate_in)' } }] }
      enrich:
        after: [ingest]
        every: 2m
        probes:
          - { type: prometheus, url: '${url}', queries: { lag_records: { query: lag, by: partition } } }
          - { type: http-json, url: 'http://127.0.0.1:1/x', fields: { rows: /rows } }
        signals: { lag_records: { limits: { above: 1000 } } }
`;

async function backtest(...argv: readonly string[]) {
  let text = '';
  const stdout = new Writable({
    write(chunk, _encoding, done) {
      text += String(chunk);
      done();
    },
  });
  const code = await run([...argv, '--format', 'json'], {
    stdin: Readable.from([]),
    stdout,
    stderr: stdout,
    env: {},
    cwd: process.cwd(),
  });
  return { code, said: JSON.parse(text) as { samples: number; incidents: { root: string; openedAt: string }[] } };
}

describe('backtest on the past of a real Prometheus', { skip }, () => {
  let server: RunningServer & { readonly url: string };
  let folder = '';
  let config = '';
  before(async () => {
    const times = Array.from({ length: (END - START) / MINUTE + 1 }, (_, index) => START + index * MINUTE);
    const lagAt = (at: number): number =>
      at > FAULT[0] && at < FAULT[1] ? (at - FAULT[0]) / 100 : 40 + ((at / MINUTE) % 7);
    server = await startPrometheusWithPast([
      ...times.map((at) => ({ series: 'rate_in', at, value: 100 + ((at / MINUTE) % 5) })),
      ...['0', '1'].flatMap((partition) =>
        times.map((at) => ({ series: `lag{partition="${partition}"}`, at, value: lagAt(at) / 2 })),
      ),
    ]);
    folder = mkdtempSync(join(tmpdir(), 'headgate-test-'));
    config = join(folder, 'headgate.yaml');
    writeFileSync(config, configFor(server.url));
  });
  after(async () => {
    await server?.stop();
    rmSync(folder, { recursive: true, force: true });
  });
  const range = ['--from', new Date(START).toISOString(), '--to', new Date(END).toISOString()];

  test('finds the fault where it was, each stage in its own rhythm', async (t) => {
    const began = performance.now();
    const { code, said } = await backtest('--config', config, ...range);
    t.diagnostic(`${said.samples} samples in ${(performance.now() - began).toFixed(0)} ms`);
    assert.equal(code, 0);
    assert.equal(said.samples, 1_801 + 901);
    const found = said.incidents.filter(({ root }) => root === 'orders.enrich');
    assert.ok(found.length >= 1);
    const openedAt = Date.parse(found[0]?.openedAt ?? '');
    assert.ok(openedAt > FAULT[0] && openedAt < FAULT[1], found[0]?.openedAt);
  });

  test('asks another server where it is told to, and takes the step it is given', async () => {
    const elsewhere = join(folder, 'elsewhere.yaml');
    const nobody = await deafPort();
    writeFileSync(elsewhere, configFor(`http://127.0.0.1:${nobody.port}`));
    await assert.rejects(backtest('--config', elsewhere, ...range), { code: 'unreachable' });
    nobody.close();
    const { said } = await backtest('--config', elsewhere, ...range, '--prometheus', server.url, '--step', '10m');
    assert.equal(said.samples, 2 * 181);
  });
});

describe('what backtest is asked of the past', () => {
  const WRONG: readonly [argv: readonly string[], message: RegExp][] = [
    [['--prometheus', 'http://127.0.0.1:1'], /need --from/],
    [['--from', 'yesterday'], /is no time/],
    [['--from', '1h', '--to', '2h'], /later than --to/],
    [['--from', '1h', '--step', '10ms'], /at least 1s/],
    [['--from', '1h', '--prometheus', 'prometheus'], /wants an address/],
    [['--from', '1h'], /no probe of the config can be asked for its past/],
  ];
  for (const [argv, message] of WRONG) {
    test(`${argv.join(' ')} is refused`, () =>
      assert.rejects(backtest('--config', 'config/minimal.yaml', ...argv), { code: 'bad-config', message }));
  }
});

import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import * as rehearse from '../../src/cli/rehearse.ts';
import { DAY, MINUTE } from '../../src/domain/time.ts';
import { seededRandom } from '../../src/stats/random.ts';
import { startPrometheusWithPast } from '../support/prometheus.ts';
import { type RunningServer, requireServer } from '../support/servers.ts';
import { run } from './running.ts';

const skip = requireServer('prometheus').skip || requireServer('promtool').skip;
const STEP = 5 * MINUTE;
const END = Date.UTC(2026, 0, 19);
const START = END - 10 * DAY;
/** Two days of a load test in what is left of the past after learning: three times of everything. */
const TEST = [END - 4 * DAY, END - 2 * DAY] as const;

const configFor = (url: string, exclude: string): string => `
store: { memory: true }
pipelines:
  orders:
    every: 5m
    season: [1d]
    ${exclude}
    stages:
      ingest: { probes: [{ type: prometheus, url: '${url}', queries: { in_records_per_second: 'sum(rate_in)', latency_p99_seconds: p99 } }] }
`;

interface Said {
  readonly from: string;
  readonly weeks: number;
  readonly samples: number;
  readonly pagesPerWeek: number;
  readonly signals: readonly {
    readonly signal: string;
    readonly falseAlarmsPerWeek: number;
    readonly faults: readonly {
      readonly kind: string;
      readonly runs: number;
      readonly found: number;
      readonly medianDelaySeconds: number | null;
      readonly places: readonly string[];
    }[];
  }[];
}

describe('rehearse on the past of a real Prometheus', { skip }, () => {
  let server: RunningServer & { readonly url: string };
  let folder = '';
  before(async () => {
    const times = Array.from({ length: (END - START) / STEP + 1 }, (_, index) => START + index * STEP);
    const factor = (at: number): number => (at >= TEST[0] && at < TEST[1] ? 3 : 1);
    const rate = (at: number): number =>
      factor(at) * 100 * (1 + 0.4 * Math.sin((2 * Math.PI * at) / DAY)) * (0.97 + 0.06 * seededRandom(at / STEP)());
    const p99 = (at: number): number => factor(at) * (0.4 + 0.1 * seededRandom(at / STEP + 0.5)());
    server = await startPrometheusWithPast([
      ...times.map((at) => ({ series: 'rate_in{pod="a"}', at, value: rate(at) / 2 })),
      ...times.map((at) => ({ series: 'rate_in{pod="b"}', at, value: rate(at) / 2 })),
      ...times.map((at) => ({ series: 'p99', at, value: p99(at) })),
    ]);
    folder = mkdtempSync(join(tmpdir(), 'headgate-test-'));
  });
  after(async () => {
    await server?.stop();
    rmSync(folder, { recursive: true, force: true });
  });

  async function rehearsed(exclude: string, ...more: readonly string[]): Promise<Said> {
    const config = join(folder, `headgate-${exclude.length}.yaml`);
    writeFileSync(config, configFor(server.url, exclude));
    const range = ['--from', new Date(START).toISOString(), '--to', new Date(END).toISOString()];
    const argv = [
      '--config',
      config,
      '--format',
      'json',
      '--faults',
      'outage,spike',
      '--places',
      '3',
      ...range,
      ...more,
    ];
    const { code, out } = await run(rehearse, argv);
    assert.equal(code, 0);
    return JSON.parse(out) as Said;
  }
  const [from, to] = TEST.map((at) => new Date(at).toISOString());
  const EXCLUDED = `exclude: [{ from: '${from}', to: '${to}', why: load test }]`;

  test('puts faults into what it is answered, and says how many were found, how fast, and what was false', async () => {
    const said = await rehearsed(EXCLUDED);
    assert.deepEqual(
      said.signals.map(({ signal }) => signal),
      ['in_records_per_second', 'latency_p99_seconds'],
    );
    const outage = said.signals[0]?.faults.find(({ kind }) => kind === 'outage');
    assert.ok(outage && outage.runs === 3 && outage.found === 3, JSON.stringify(said));
    assert.equal(outage.medianDelaySeconds, 0);
    assert.ok(Date.parse(said.from) > START && said.weeks > 0.5 && said.weeks < 1);
  });

  test('a time that is excluded is no false alarm, and no place for a fault', async () => {
    const [plain, excluded] = [await rehearsed(''), await rehearsed(EXCLUDED, '--places', '8')];
    assert.ok(plain.pagesPerWeek > 0, 'the load test would page');
    assert.equal(excluded.pagesPerWeek, 0, JSON.stringify(excluded));
    const places = excluded.signals.flatMap(({ faults }) => faults.flatMap((fault) => fault.places));
    assert.ok(places.length > 8);
    for (const place of places.map(Date.parse))
      assert.ok(place < TEST[0] - STEP || place >= TEST[1], new Date(place).toISOString());
  });

  test('takes the step it is given, and another server', async () => {
    const said = await rehearsed(EXCLUDED, '--step', '10m', '--prometheus', server.url);
    assert.equal(said.samples, (END - START) / (2 * STEP) + 1);
  });
});

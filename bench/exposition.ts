import { readFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { setFlagsFromString } from 'node:v8';
import type { Commands } from '../src/domain/ports.ts';
import type { Score } from '../src/domain/score.ts';
import { emptySnapshot } from '../src/domain/snapshot.ts';
import type { StageId } from '../src/domain/stage.ts';
import { createServer } from '../src/server/server.ts';
import { createEvents } from '../src/telemetry/events.ts';
import { createLog } from '../src/telemetry/log.ts';
import { createMetrics } from '../src/telemetry/metrics.ts';
import { createRecorder } from '../src/telemetry/record.ts';
import { viewOf } from '../test/telemetry/facts.ts';
import { SIGNALS } from './config.ts';

// The exposition alone, as a process of its own: node bench/exposition.ts STAGES PORT. Each stage is judged every ten seconds,
// with other values each time; nothing is probed or learned, so that what is measured is what the exposition costs.
const [stages = 0, port = 0] = process.argv.slice(2).map(Number);
// As bin/headgate.mjs does for the daemon.
const flags = readFileSync(new URL('../bin/daemon-flags.json', import.meta.url), 'utf8');
for (const flag of JSON.parse(flags) as readonly string[]) setFlagsFromString(flag);
const EVERY = 10_000;
const BEAT = 20;
const ids = Array.from({ length: stages }, (_, index): StageId => `bench.s${index}`);

const metrics = createMetrics({ version: 'bench' });
const recorder = createRecorder(metrics);
const { events, subscribe } = createEvents({ log: createLog({ level: 'silent' }), record: recorder.events });
const view = viewOf(ids, { budgets: () => [], now: Date.now });
await recorder.observe(view);
const commands = new Proxy({}, { get: () => async () => ({ ok: true }) }) as Commands;
const server = createServer({ options: { listen: `127.0.0.1:${port}` }, starting: () => 'starting' });
await server.listen();
server.serve({ view, commands, metrics, events: { subscribe }, page: new Map() });

function judge(stage: StageId, round: number): void {
  const values = SIGNALS.map((signal, index) => [signal, (1 + index) * (1 + 0.1 * Math.sin(round + index))] as const);
  const scores = values.map(
    ([signal, value]): Score => ({
      subject: `${stage}/${signal}`,
      detector: 'baseline',
      state: 'ready',
      pValue: 0.5,
      because: [{ signal, share: 1 }],
      observed: value,
      expected: { lower: 0.8 * value, centre: value, upper: 1.2 * value },
      value: Math.abs(Math.sin(value)) / 4,
      ticketLine: 0.6,
    }),
  );
  const snapshot = { ...emptySnapshot(stage, Date.now()), values: new Map(values) };
  const verdict = { stage, at: snapshot.at, state: 'ok', since: 0, because: [], warming: [], blind: [] } as const;
  events.probed({ stage, probe: '0 bench', source: 'bench', seconds: 0.01, gap: undefined, at: snapshot.at });
  events.judged({ snapshot, scores, verdict, previous: verdict, frozen: false, outlooks: [], seconds: 0.001 });
}

for (const id of ids) judge(id, 0);
for (let at = 0; ; ) {
  for (let left = Math.ceil((stages * BEAT) / EVERY); left > 0; left -= 1, at += 1)
    judge(ids[at % ids.length] as StageId, at);
  await sleep(BEAT);
}

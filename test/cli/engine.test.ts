import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import type { Writable } from 'node:stream';
import { describe, type TestContext, test } from 'node:test';
import * as engine from '../../src/cli/engine.ts';
import { headgate } from '../app/program.ts';
import { run } from './running.ts';

const EVERY = 10;
const HELLO = {
  hello: {
    slo_seconds: 60,
    every_seconds: EVERY,
    sources: [{ name: 'src' }],
    stages: [
      { name: 'work', after: ['src'], workers: 2, min_workers: 1, max_workers: 8 },
      { name: 'sink', after: ['work'], workers: 1, min_workers: 1, max_workers: 1 },
    ],
  },
};

interface Answer {
  readonly actions: readonly { gate: string; do: string; value?: number | null; ttl?: number; because?: string }[];
  readonly causes: readonly { cause: string; at: string }[];
}

/** What the plant shows at tick `k`: all is well, but for what is told of the two stages. */
function observation(k: number, more: { age?: number; bad?: number; gap?: boolean } = {}) {
  const { age = 1, bad = 0, gap = false } = more;
  const stage = (own: object) => ({
    lag: [5, 5],
    age_seconds: 1,
    ages: [1, 1],
    in: [50, 50],
    out: [50, 50],
    latency: { p50: 0.01, p95: 0.02, p99: 0.03 },
    errors: 0,
    bad: 0,
    dup: 0,
    rows_in: 1_000,
    rows_out: 1_000,
    dlq: 0,
    workers_ready: 2,
    workers_desired: 2,
    rebalancing: false,
    ...own,
  });
  const stages = { work: stage({ age_seconds: age, lag: [50 * age, 50 * age] }), sink: stage({ bad }) };
  return { t: k * EVERY, gap, sources: { src: { rate: 100 } }, stages, gates: {} };
}

const lines = (messages: readonly unknown[]): string =>
  messages.map((message) => `${JSON.stringify(message)}\n`).join('');
const answersIn = (out: string): Answer[] =>
  out
    .trimEnd()
    .split('\n')
    .filter(Boolean)
    .map((line) => JSON.parse(line) as Answer);

async function converse(messages: readonly unknown[], ...argv: string[]): Promise<Answer[]> {
  const { code, out, err } = await run(engine, argv, { stdin: lines(messages) });
  assert.deepEqual([code, err], [0, '']);
  return answersIn(out);
}

function stateFolder(t: TestContext): string {
  const folder = mkdtempSync(join(tmpdir(), 'headgate-engine-'));
  t.after(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

/** The binary, asked in lock-step. */
function talk(t: TestContext, state: string) {
  const program = headgate(t, ['engine', '--state', state]);
  const answers = createInterface({ input: program.child.stdout as NodeJS.ReadableStream })[Symbol.asyncIterator]();
  const tell = (message: unknown): void => {
    (program.child.stdin as Writable).write(lines([message]));
  };
  tell(HELLO);
  return {
    program,
    async ask(message: unknown): Promise<Answer> {
      tell(message);
      const { value, done } = await answers.next();
      assert.ok(!done, program.err);
      return JSON.parse(value) as Answer;
    },
  };
}

describe('headgate engine', () => {
  test('does not answer the hello, and every observation with exactly one line', async () => {
    assert.deepEqual(await converse([HELLO]), []);
    const answers = await converse([HELLO, ...Array.from({ length: 50 }, (_, k) => observation(k))]);
    assert.equal(answers.length, 50);
    for (const answer of answers) assert.deepEqual(answer, { actions: [], causes: [] });
  });

  test('holds a gate with a time to live, says it again while it is needed, and opens it', async () => {
    const bad = (k: number) => (k >= 40 && k < 60 ? 0.3 : 0);
    const answers = await converse([HELLO, ...Array.from({ length: 120 }, (_, k) => observation(k, { bad: bad(k) }))]);
    const paused = answers.flatMap(({ actions }, k) =>
      actions.filter((action) => action.do === 'pause').map((action) => ({ k, ...action })),
    );
    assert.equal(paused[0]?.gate, 'sink');
    assert.ok((paused[0]?.k ?? 0) >= 40 && (paused[0]?.k ?? 99) <= 45);
    assert.ok((paused[0]?.ttl ?? 0) > 0 && (paused[0]?.ttl ?? 999) <= 8 * EVERY);
    assert.ok(paused.length > 3, 'renewed');
    assert.ok(
      answers[50]?.causes.some(({ at }) => at === 'sink'),
      JSON.stringify(answers[50]),
    );
    const resumed = answers.findIndex(({ actions }) =>
      actions.some((action) => action.do === 'resume' && action.gate === 'sink'),
    );
    assert.ok(resumed > (paused.at(-1)?.k ?? 999) && resumed < 90, `${resumed}`);
    assert.deepEqual(
      answers.slice(resumed + 1).flatMap(({ actions }) => actions),
      [],
    );
  });

  test('a gap is answered and decides nothing', async () => {
    const answers = await converse([
      HELLO,
      ...Array.from({ length: 60 }, (_, k) => observation(k, { gap: k > 20, age: k > 20 ? 500 : 1 })),
    ]);
    assert.equal(answers.length, 60);
    assert.deepEqual(
      answers.flatMap(({ actions }) => actions),
      [],
    );
  });

  test('killed and started again with --state it goes on with its lease, and lets it go', async (t) => {
    const state = stateFolder(t);
    const first = talk(t, state);
    let k = 0;
    let held = false;
    for (; k < 80 && !held; k++)
      held = (await first.ask(observation(k, { bad: k >= 40 ? 0.3 : 0 }))).actions.some(
        (action) => action.do === 'pause',
      );
    assert.ok(held);
    first.program.interrupt('SIGKILL');
    await first.program.ended;

    const second = talk(t, state);
    const answers: Answer[] = [];
    for (const from = k; k < from + 6; k++) answers.push(await second.ask(observation(k, { bad: 0.3 })));
    const again = answers.flatMap(({ actions }) => actions);
    assert.ok(
      again.some((action) => action.do === 'pause' && action.gate === 'sink'),
      'held on',
    );
    assert.ok(!again.some((action) => action.do === 'resume'));
    let open = false;
    for (const from = k; k < from + 40 && !open; k++)
      open = (await second.ask(observation(k))).actions.some(
        (action) => action.do === 'resume' && action.gate === 'sink',
      );
    assert.ok(open, 'let go when all is well');
  });

  test('started again after its lease has run out it opens the gate first of all', async (t) => {
    const state = stateFolder(t);
    const first = talk(t, state);
    for (let k = 0; k < 50; k++) await first.ask(observation(k, { bad: k >= 40 ? 0.3 : 0 }));
    first.program.interrupt('SIGKILL');
    await first.program.ended;
    const { actions } = await talk(t, state).ask(observation(500));
    assert.deepEqual(
      actions.map((action) => `${action.do} ${action.gate} ${action.because}`),
      ['resume sink expired'],
    );
  });

  for (const [what, input, message] of [
    ['a line that is no JSON', `${lines([HELLO])}garbage\n`, /^line 2 is neither a hello nor an observation in JSON$/],
    ['JSON that is neither', `${lines([HELLO, { t: 'now' }])}`, /^line 2 is neither/],
    ['a hello without its numbers', lines([{ hello: {} }]), /^line 1 is neither/],
    ['null', `${lines([HELLO])}null\n`, /^line 2 is neither/],
    ['an observation before the hello', lines([observation(0)]), /^line 1: the first line must be a hello$/],
  ] as const) {
    test(`refuses ${what} with the number of the line`, async () => {
      await assert.rejects(run(engine, [], { stdin: input }), { name: 'HeadgateError', message });
    });
  }

  test('a line that is wrong ends the program with 2, after what was asked before it is answered', async (t) => {
    const program = headgate(t, ['engine']);
    program.child.stdin?.end(`${lines([HELLO, observation(0)])}{"t":`);
    assert.equal(await program.ended, 2);
    assert.equal(answersIn(program.out).length, 1);
    assert.equal(program.err, 'headgate engine: line 3 is neither a hello nor an observation in JSON\n');
  });
});

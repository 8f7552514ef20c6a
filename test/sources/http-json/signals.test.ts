import assert from 'node:assert/strict';
import { after, beforeEach, describe, test } from 'node:test';
import { HeadgateError } from '../../../src/domain/error.ts';
import type { Reading } from '../../../src/domain/snapshot.ts';
import type { Source } from '../../../src/kit/component.ts';
import { httpJson } from '../../../src/sources/http-json/index.ts';
import { type FakeClock, fakeClock } from '../../support/fake-clock.ts';
import { loopback } from '../../support/loopback.ts';

const never = new AbortController().signal;
const NOON = Date.UTC(2026, 0, 5, 12);
let body = '';
const server = await loopback((_request, response) => response.end(body));
let clock: FakeClock = fakeClock(NOON);
let source: Source<unknown> = httpJson.create(httpJson.config.parse({}), { clock, random: () => 0.5 });
after(async () => {
  await source.close();
  await server.close();
});
beforeEach(async () => {
  await source.close();
  clock = fakeClock(NOON);
  source = httpJson.create(httpJson.config.parse({}), { clock, random: () => 0.5 });
});

const read = (document: unknown, probe: object): Promise<Reading> => {
  body = JSON.stringify(document);
  return source.probe(httpJson.probe.parse({ url: server.url, ...probe }), 'orders.load', never);
};
const shown = ({ values, absent = [] }: Reading) => ({ values: Object.fromEntries(values), absent: [...absent] });
const malformed = (message: RegExp) => (error: unknown) => {
  assert.ok(error instanceof HeadgateError);
  assert.equal(error.code, 'malformed');
  assert.match(error.message, message);
  return true;
};

describe('fields', () => {
  test('are found by pointer and scaled, as numbers or as text that is one', async () => {
    const reading = await read(
      { a: { 'b/c': [{ n: 12 }] }, ms: '1500', big: '1e3', neg: -2.5 },
      {
        fields: { rows: '/a/b~1c/0/n', lag_seconds: { pointer: '/ms', scale: 0.001 }, lag_records: '/big', x: '/neg' },
      },
    );
    assert.deepEqual(shown(reading).values, { rows: 12, lag_seconds: 1.5, lag_records: 1000, x: -2.5 });
    assert.equal(reading.at, undefined);
  });

  test('that are missing or null are absent, and the others are read', async () => {
    const reading = await read({ a: null, b: 0 }, { fields: { rows: '/a', lag_records: '/b', dlq_depth: '/c/d' } });
    assert.deepEqual(shown(reading), { values: { lag_records: 0 }, absent: ['rows', 'dlq_depth'] });
  });

  test('of another type fail the probe, and place, type and address are named', async () => {
    await assert.rejects(
      read({ a: { b: 'many' } }, { fields: { rows: '/a/b' } }),
      malformed(/^GET http:\/\/127.*: \/a\/b is a string that is not a finite number$/),
    );
    await assert.rejects(read({ a: true }, { fields: { rows: '/a' } }), malformed(/\/a is a boolean/));
    await assert.rejects(read({ a: [1] }, { fields: { rows: '/a' } }), malformed(/\/a is a list/));
    await assert.rejects(read({ a: 1 }, { fields: { rows: '' } }), malformed(/whole document\) is an object/));
  });

  test('that are scaled beyond what a number holds fail the probe', async () => {
    const fields = { rows: { pointer: '/a', scale: 10 } };
    await assert.rejects(read({ a: 1e308 }, { fields }), malformed(/\/a times 10 is not a finite number/));
  });

  test('as: age is the time since then, and nothing is younger than now', async () => {
    const reading = await read(
      { iso: '2026-01-05T11:59:30Z', s: NOON / 1_000 - 7, ms: NOON - 1_500, ahead: NOON + 9_000, none: null },
      {
        fields: Object.fromEntries(
          ['iso', 's', 'ms', 'ahead', 'none'].map((name) => [`${name}_seconds`, { pointer: `/${name}`, as: 'age' }]),
        ),
      },
    );
    assert.deepEqual(shown(reading), {
      values: { iso_seconds: 30, s_seconds: 7, ms_seconds: 1.5, ahead_seconds: 0 },
      absent: ['none_seconds'],
    });
  });
});

describe('the time of origin', () => {
  const at = async (time: unknown) => (await read({ time, n: 1 }, { fields: { rows: '/n' }, at: '/time' })).at;

  test('is read as ISO 8601 and as Unix seconds or milliseconds', async () => {
    for (const time of [
      '2026-01-05T12:00:00Z',
      '2026-01-05T12:00:00.000+00:00',
      '2026-01-05T14:00:00+0200',
      '2026-01-05 12:00:00',
      '2026-01-05T12:00',
      NOON,
      NOON / 1_000,
      String(NOON / 1_000),
    ]) {
      assert.equal(await at(time), NOON, String(time));
    }
    assert.equal(await at('2026-01-05'), Date.UTC(2026, 0, 5));
    assert.equal(await at(1_767_614_400.25), 1_767_614_400_250);
  });

  test('fails the probe where it is no time, or is not there, since the age could not be told', async () => {
    for (const time of ['yesterday', '2026-13-01', '5/1/2026', true, -5, {}, '1e400', 1e300]) {
      await assert.rejects(at(time), malformed(/\/time is .* not a time/), String(time));
    }
    for (const time of [undefined, null, '']) await assert.rejects(at(time), malformed(/there is no time at \/time/));
  });
});

describe('runs', () => {
  const run = { id: '/id', status: '/state', started: '/from', finished: '/to' };
  const ended = (id: number, state: string, from: string, to: string | null) => ({
    id,
    state,
    from: `2026-01-05T${from}Z`,
    to: to && `2026-01-05T${to}Z`,
  });

  test('a good run gives its duration, the time since, and no error', async () => {
    const reading = await read(ended(1, 'SUCCESS', '11:00:00', '11:30:00'), { run });
    assert.deepEqual(shown(reading), {
      values: { run_seconds: 1_800, freshness_seconds: 1_800, error_ratio: 0 },
      absent: [],
    });
    assert.equal(reading.at, undefined, 'a job that runs once a day does not stand still');
  });

  test('a failed run is an error, and freshness counts on from the last success', async () => {
    await read(ended(1, 'ok', '11:00:00', '11:30:00'), { run });
    await clock.advance(600_000);
    const { values } = await read(ended(2, 'failed', '11:59:00', '12:05:00'), { run });
    assert.deepEqual(Object.fromEntries(values), { run_seconds: 360, freshness_seconds: 2_400, error_ratio: 1 });
  });

  test('while a run is under way the one before speaks', async () => {
    await read(ended(1, 'ok', '11:00:00', '11:30:00'), { run });
    await clock.advance(60_000);
    const { values } = await read(ended(2, 'running', '12:00:00', null), { run });
    assert.deepEqual(Object.fromEntries(values), { run_seconds: 1_800, freshness_seconds: 1_860, error_ratio: 0 });
  });

  test('what was never seen is not claimed', async () => {
    assert.deepEqual(shown(await read(ended(1, 'running', '11:00:00', null), { run })), { values: {}, absent: [] });
    const failed = await read(ended(1, 'failed', '11:00:00', '11:30:00'), { run });
    assert.deepEqual(shown(failed), { values: { run_seconds: 1_800, error_ratio: 1 }, absent: [] });
  });

  test('a document that tells of no run makes the signals absent', async () => {
    assert.deepEqual(shown(await read({}, { run })), {
      values: {},
      absent: ['run_seconds', 'freshness_seconds', 'error_ratio'],
    });
  });

  test('a document that knows the last success itself is believed', async () => {
    const own = { ...run, last_success: '/good' };
    const document = { ...ended(9, 'failed', '11:00:00', '11:30:00'), good: '2026-01-05T10:00:00Z' };
    assert.equal((await read(document, { run: own })).values.get('freshness_seconds'), 7_200);
  });

  test('without an end the first sight of it counts, once for each run', async () => {
    const short = { id: '/id', status: '/state' };
    await read({ id: 'a', state: 'ok' }, { run: short });
    await clock.advance(30_000);
    assert.equal((await read({ id: 'a', state: 'ok' }, { run: short })).values.get('freshness_seconds'), 30);
    const { values } = await read({ id: 'b', state: 'ok' }, { run: short });
    assert.deepEqual(Object.fromEntries(values), { freshness_seconds: 0, error_ratio: 0 });
  });

  test('statuses are one’s own words, in any case, and may be true and false', async () => {
    const own = { ...run, success: ['GRÜN'], failure: ['rot'] };
    assert.equal((await read(ended(1, 'grün', '11:00:00', '11:30:00'), { run: own })).values.get('error_ratio'), 0);
    assert.equal((await read(ended(2, 'ROT', '11:00:00', '11:30:00'), { run: own })).values.get('error_ratio'), 1);
    const flag = { ...ended(3, '', '11:00:00', '11:30:00'), state: false };
    assert.equal((await read(flag, { run })).values.get('error_ratio'), 1);
  });

  test('an end before the beginning gives no duration', async () => {
    const { values } = await read(ended(1, 'ok', '11:30:00', '11:00:00'), { run });
    assert.deepEqual([...values.keys()], ['freshness_seconds', 'error_ratio']);
  });

  test('runs of two stages are kept apart', async () => {
    await read(ended(1, 'ok', '11:00:00', '11:30:00'), { run });
    body = JSON.stringify(ended(2, 'running', '11:00:00', null));
    const other = await source.probe(httpJson.probe.parse({ url: server.url, run }), 'orders.other', never);
    assert.deepEqual(shown(other).values, {});
  });
});

describe('the schema', () => {
  const problem = (probe: object): string =>
    httpJson.probe.safeParse({ url: 'http://x/', ...probe }).error?.message ?? 'no problem';

  test('refuses what cannot be meant', () => {
    assert.match(problem({}), /name fields, or run/);
    assert.match(problem({ fields: { rows: 'a' } }), /want a JSON Pointer such as/);
    assert.match(problem({ fields: { Rows: '/a' } }), /snake_case/);
    assert.match(problem({ run: { status: '/s' } }), /set id or finished/);
    const both = { fields: { freshness_seconds: '/a' }, run: { status: '/s', id: '/i' } };
    assert.match(problem(both), /run gives this signal already/);
  });

  test('tells beforehand which signals come', () => {
    const signals = (probe: object) =>
      httpJson.signals(httpJson.probe.parse({ url: 'http://x/', ...probe })).map(({ name }) => name);
    assert.deepEqual(signals({ fields: { rows: '/a' }, run: { status: '/s', id: '/i' } }), [
      'rows',
      'freshness_seconds',
      'error_ratio',
    ]);
  });
});

import assert from 'node:assert/strict';
import { describe, type TestContext, test } from 'node:test';
import { verifyAudit } from '../../src/domain/audit.ts';
import { HeadgateError } from '../../src/domain/error.ts';
import type { Change, SampleRow, Store } from '../../src/domain/ports.ts';
import { HOUR, MINUTE, SECOND } from '../../src/domain/time.ts';
import { decision, incident, item, lease, MONDAY, RETENTION, STAGE, sample, sha256 } from '../stores/rows.ts';

type Open = (t: TestContext) => Promise<Store>;

const ids = (rows: readonly { readonly id: string }[]): readonly string[] => rows.map((row) => row.id);
const audited = (action: string): Change => ({
  put: 'audit',
  entry: { at: MONDAY, actor: 'ann', action, detail: null },
});

/** Every row a store gives back, for comparing two moments or two stores. */
export async function contents(store: Store) {
  return {
    incidents: await store.incidents({ limit: 1e6 }),
    leases: await store.leases({ limit: 1e6 }),
    decisions: await store.decisions({ limit: 1e6 }),
    outbox: await store.outbox(),
    audit: await store.audit(0, 1e6),
  };
}

async function settle(store: Store, now: number, retention = RETENTION): Promise<void> {
  for (let slices = 0; !(await store.maintain(now, retention)); slices++) assert.ok(slices < 10_000, 'upkeep ends');
}

/** What every store must do. `open` gives a new, empty store that the suite closes. */
export function storeContract(name: string, open: Open): void {
  const opened = async (t: TestContext): Promise<Store> => {
    const store = await open(t);
    t.after(() => store.close());
    return store;
  };
  describe(`store contract: ${name}`, () => {
    journalContract(opened);
    queueContract(opened);
    sampleContract(opened);
    upkeepContract(opened);
    lifeContract(opened);
  });
}

function journalContract(opened: Open): void {
  test('gives incidents newest first, by state, and no more than asked for', async (t) => {
    const store = await opened(t);
    const states = ['open', 'recovering', 'resolved'] as const;
    const rows = [3, 1, 2, 2, 5, 4].map((hour, index) =>
      incident(`i${index}`, { openedAt: MONDAY + hour * HOUR, state: states[index % 3] as 'open' }),
    );
    await store.commit(rows.map((row) => ({ put: 'incident', incident: row })));
    assert.deepEqual(ids(await store.incidents({ limit: 10 })), ['i4', 'i5', 'i0', 'i3', 'i2', 'i1']);
    assert.deepEqual(ids(await store.incidents({ limit: 2 })), ['i4', 'i5']);
    assert.deepEqual(ids(await store.incidents({ state: 'resolved', limit: 10 })), ['i5', 'i2']);
    assert.deepEqual(ids(await store.openIncidents()), ['i4', 'i0', 'i3', 'i1']);
    assert.deepEqual((await store.incidents({ limit: 10 }))[0], rows[4]);
    for (const limit of [0, -1]) assert.deepEqual(await store.incidents({ limit }), []);
  });

  test('keeps one row for an id, with what was put last, at its first place', async (t) => {
    const store = await opened(t);
    await store.commit([
      { put: 'incident', incident: incident('a') },
      { put: 'incident', incident: incident('b') },
      { put: 'lease', lease: lease('l') },
      { put: 'lease', lease: lease('m') },
    ]);
    const ended = incident('a', { state: 'resolved', resolvedAt: MONDAY + HOUR, resolution: 'recovered' });
    await store.commit([{ put: 'incident', incident: ended }]);
    await store.commit([{ put: 'incident', incident: ended }]);
    await store.commit([{ put: 'lease', lease: lease('l', { renewals: 3 }) }]);
    assert.deepEqual(await store.incidents({ limit: 9 }), [incident('b'), ended]);
    assert.deepEqual(await store.openIncidents(), [incident('b')]);
    assert.deepEqual(await store.leases({ limit: 9 }), [lease('m'), lease('l', { renewals: 3 })]);
  });

  test('knows which leases may still hold a gate', async (t) => {
    const store = await opened(t);
    const { preImage: _, ...untouched } = lease('never-applied', { state: 'failed', grantedAt: MONDAY + 4 });
    const rows = [
      lease('pending', { state: 'pending', grantedAt: MONDAY + 1 }),
      lease('released', { state: 'released', why: 'recovered', releasedAt: MONDAY + 9, grantedAt: MONDAY + 2 }),
      lease('not-reverted', { state: 'failed', grantedAt: MONDAY + 3 }),
      untouched,
    ];
    await store.commit(rows.map((row) => ({ put: 'lease', lease: row })));
    assert.deepEqual(ids(await store.leasesInForce()), ['not-reverted', 'pending']);
    assert.deepEqual(ids(await store.leases({ state: 'failed', limit: 9 })), ['never-applied', 'not-reverted']);
    assert.deepEqual(ids(await store.leases({ limit: 1 })), ['never-applied']);
    await store.commit([{ put: 'lease', lease: { ...lease('pending'), state: 'released', releasedAt: MONDAY } }]);
    assert.deepEqual(ids(await store.leasesInForce()), ['not-reverted']);
  });

  test('gives decisions newest first, of all stages or of one; among equal times the last one first', async (t) => {
    const store = await opened(t);
    const rows = [
      decision({ because: '1' }),
      decision({ because: '2', at: MONDAY + 1 }),
      decision({ because: '3', stage: 'orders.load' }),
      decision({ because: '4' }),
    ];
    await store.commit(rows.map((row) => ({ put: 'decision', decision: row })));
    const because = async (filter: Parameters<Store['decisions']>[0]) =>
      (await store.decisions(filter)).map((row) => row.because).join('');
    assert.equal(await because({ limit: 9 }), '2431');
    assert.equal(await because({ limit: 2 }), '24');
    assert.equal(await because({ stage: 'orders.ingest', limit: 2 }), '24');
    assert.equal(await because({ stage: 'orders.load', limit: 9 }), '3');
    assert.equal(await because({ stage: 'no.such', limit: 9 }), '');
    assert.deepEqual((await store.decisions({ limit: 1 }))[0], rows[1]);
  });

  test('keeps settings, and tells null from never set', async (t) => {
    const store = await opened(t);
    await store.commit([
      { put: 'setting', key: 'mode', value: { a: [1, 'x', null, true] } },
      { put: 'setting', key: 'none', value: null },
    ]);
    assert.deepEqual(await store.setting('mode'), { a: [1, 'x', null, true] });
    assert.equal(await store.setting('none'), null);
    assert.equal(await store.setting('other'), undefined);
    await store.commit([{ put: 'setting', key: 'mode', value: 0 }]);
    assert.equal(await store.setting('mode'), 0);
  });

  test('chains the audit log so that a changed, removed or swapped link shows', async (t) => {
    const store = await opened(t);
    await store.commit([audited('one'), audited('two')]);
    await store.commit([
      { put: 'audit', entry: { at: MONDAY, actor: 'böb', action: 'three', detail: { z: 1, a: [{}] } } },
    ]);
    const links = await store.audit(0, 10);
    assert.deepEqual(
      links.map(({ seq, action }) => [seq, action]),
      [
        [1, 'one'],
        [2, 'two'],
        [3, 'three'],
      ],
    );
    assert.deepEqual(verifyAudit(links, sha256), { ok: true });
    assert.deepEqual(await store.audit(1, 1), links.slice(1, 2));
    assert.deepEqual(await store.audit(3, 5), []);
    assert.deepEqual(verifyAudit(await store.audit(1, 9), sha256, links[0]), { ok: true });
    const [first, second, third] = links as [(typeof links)[0], (typeof links)[0], (typeof links)[0]];
    assert.deepEqual(verifyAudit([first, { ...second, actor: 'eve' }, third], sha256), { ok: false, brokenAt: 2 });
    assert.deepEqual(verifyAudit([first, third], sha256), { ok: false, brokenAt: 3 });
    assert.deepEqual(verifyAudit([second, first, third], sha256), { ok: false, brokenAt: 2 });
  });

  test('commits all changes of a list or none', async (t) => {
    const store = await opened(t);
    await store.commit([{ put: 'incident', incident: incident('a') }, audited('before')]);
    const before = await contents(store);
    const circle: { self?: unknown } = {};
    circle.self = circle;
    const bad = { put: 'outbox', item: item('x', { body: circle as never }) } as const;
    const half: Change[] = [
      { put: 'incident', incident: incident('b') },
      { put: 'lease', lease: lease('l') },
      { put: 'decision', decision: decision() },
      audited('half'),
      bad,
    ];
    await assert.rejects(store.commit(half), { code: 'store-failed' });
    assert.deepEqual(await contents(store), before);
    await store.commit(half.slice(0, 4));
    assert.deepEqual(ids(await store.openIncidents()), ['b', 'a']);
    assert.deepEqual(verifyAudit(await store.audit(0, 9), sha256), { ok: true });
  });

  test('applies commits in the order they were asked for, also when nobody waits between them', async (t) => {
    const store = await opened(t);
    const many: Change[] = Array.from({ length: 2_000 }, (_, n) => ({ put: 'outbox', item: item(`m${n}`) }));
    const puts = [store.commit([...many, { put: 'setting', key: 'n', value: 0 }])];
    for (let n = 1; n < 20; n++) puts.push(store.commit([{ put: 'setting', key: 'n', value: n }]));
    await Promise.all(puts);
    assert.equal(await store.setting('n'), 19);
    await store.commit([]);
  });

  test('shows nothing of a long commit before its end', async (t) => {
    const store = await opened(t);
    const many: Change[] = Array.from({ length: 5_000 }, (_, n) => ({ put: 'outbox', item: item(`m${n}`) }));
    let done = false;
    const put = store.commit(many).then(() => {
      done = true;
    });
    for (let counts = 0; !done; counts++) {
      const seen = (await store.outbox()).length;
      assert.ok(seen === 0 || seen === 5_000, `saw ${seen} of 5000 after ${counts} looks`);
      await new Promise(setImmediate);
    }
    await put;
  });

  test('gives copies: what is done to an answer or to what was put stays outside', async (t) => {
    const store = await opened(t);
    const body = { list: [1] };
    await store.commit([{ put: 'outbox', item: item('a', { body }) }]);
    body.list.push(2);
    for (const found of await store.outbox()) (found.body as { list: number[] }).list.push(3);
    assert.deepEqual((await store.outbox())[0]?.body, { list: [1] });
  });

  test('keeps every character of every language, and control characters', async (t) => {
    const store = await opened(t);
    const text = 'Zulässig 日本語 🚰\u0000\u001f"\\ \u2028 ﷺ';
    await store.commit([
      { put: 'incident', incident: incident('ü🚰', { notes: [{ at: MONDAY, by: text, text }] }) },
      { put: 'outbox', item: item('é', { lane: 'notifier:日本', body: { [text]: text } }) },
      { put: 'setting', key: text, value: text },
      { put: 'audit', entry: { at: MONDAY, actor: text, action: text, detail: { [text]: text } } },
    ]);
    assert.equal((await store.openIncidents())[0]?.notes[0]?.text, text);
    assert.deepEqual((await store.outbox())[0]?.body, { [text]: text });
    assert.equal(await store.setting(text), text);
    const links = await store.audit(0, 9);
    assert.deepEqual(links[0]?.detail, { [text]: text });
    assert.deepEqual(verifyAudit(links, sha256), { ok: true });
  });
}

function queueContract(opened: Open): void {
  test('gives the outbox in the order of lane, priority, creation and first put', async (t) => {
    const store = await opened(t);
    const rows = [
      item('g', { lane: 'notifier:z' }),
      item('d', { priority: 1 }),
      item('c', { createdAt: MONDAY + 5 }),
      item('a', { createdAt: MONDAY - 5 }),
      item('b1'),
      item('b2'),
      item('e', { priority: 10 }),
      item('A', { lane: 'actuator:valve', priority: 99 }),
    ];
    await store.commit(rows.map((row) => ({ put: 'outbox', item: row })));
    await store.commit([{ put: 'outbox', item: item('b1', { attempts: 1, dueAt: MONDAY + HOUR }) }]);
    assert.deepEqual(ids(await store.outbox()), ['A', 'a', 'b1', 'b2', 'c', 'd', 'e', 'g']);
    assert.deepEqual((await store.outbox())[2], item('b1', { attempts: 1, dueAt: MONDAY + HOUR }));
  });

  test('drops an item once, and knows nothing wrong in dropping one that is not there', async (t) => {
    const store = await opened(t);
    await store.commit([
      { put: 'outbox', item: item('a') },
      { put: 'outbox', item: item('b') },
    ]);
    await store.commit([{ drop: 'outbox', id: 'a' }]);
    await store.commit([
      { drop: 'outbox', id: 'a' },
      { drop: 'outbox', id: 'never' },
      { drop: 'outbox', id: 'b' },
      { put: 'outbox', item: item('b', { attempts: 7 }) },
    ]);
    assert.deepEqual(await store.outbox(), [item('b', { attempts: 7 })]);
  });

  test('holds ten thousand items', async (t) => {
    const store = await opened(t);
    const rows = Array.from({ length: 10_000 }, (_, n) =>
      item(`n${n}`, { lane: `notifier:${n % 7}`, createdAt: MONDAY + ((n * 7919) % 10_000) }),
    );
    await store.commit(rows.map((row) => ({ put: 'outbox', item: row })));
    const found = await store.outbox();
    const sorted = rows.toSorted((a, b) => (a.lane < b.lane ? -1 : a.lane > b.lane ? 1 : a.createdAt - b.createdAt));
    assert.deepEqual(ids(found), ids(sorted));
    await store.commit(rows.slice(5).map((row) => ({ drop: 'outbox', id: row.id })));
    assert.equal((await store.outbox()).length, 5);
  });

  test('gives state back byte for byte', async (t) => {
    const store = await opened(t);
    const all = Uint8Array.from({ length: 256 }, (_, n) => n);
    const part = new Uint8Array(all.buffer, 10, 20);
    await store.saveState([
      { key: 'orders.enrich/baseline', at: MONDAY, bytes: all },
      { key: 'empty', at: MONDAY, bytes: new Uint8Array() },
      { key: 'part', at: MONDAY, bytes: part },
    ]);
    await store.saveState([{ key: 'empty', at: MONDAY + 1, bytes: new Uint8Array() }]);
    assert.deepEqual(await store.loadState('orders.enrich/baseline'), {
      key: 'orders.enrich/baseline',
      at: MONDAY,
      bytes: all,
    });
    assert.deepEqual(await store.loadState('empty'), { key: 'empty', at: MONDAY + 1, bytes: new Uint8Array() });
    assert.deepEqual((await store.loadState('part'))?.bytes, all.slice(10, 30));
    assert.equal(await store.loadState('other'), undefined);
    await store.saveState([]);
  });
}

const tenSeconds = (count: number, value: (n: number) => number): SampleRow[] =>
  Array.from({ length: count }, (_, n) =>
    sample(MONDAY + n * 10 * SECOND, { rows: value(n), lag_seconds: 5 }, { rows: [n - 1, n + 1] }),
  );

function sampleContract(opened: Open): void {
  test('gives raw samples back exactly, oldest first, from a moment on', async (t) => {
    const store = await opened(t);
    const odd = [0.1 + 0.2, -0, 1e308, 5e-324, 123456789.123456, -1e-9];
    const rows = odd.map((rows_, n) => sample(MONDAY + n * SECOND, { rows: rows_ }, { rows: [-1.5, 2.5] }));
    await store.appendSamples(rows.toReversed());
    await store.appendSamples([sample(MONDAY, { rows: 1 }, {}, 'orders.load')]);
    assert.deepEqual(await store.samplesSince(STAGE, 0), rows);
    assert.deepEqual(await store.samplesSince(STAGE, MONDAY + 2 * SECOND), rows.slice(2));
    assert.deepEqual(await store.samplesSince(STAGE, MONDAY + 2 * SECOND + 1), rows.slice(3));
    assert.deepEqual(await store.samplesSince('no.such', 0), []);
    await store.appendSamples([]);
  });

  test('replaces a sample of the same stage and time, and drops numbers that are none', async (t) => {
    const store = await opened(t);
    await store.appendSamples([sample(MONDAY, { rows: 1, lag_seconds: 2 }, { rows: [0, 9] })]);
    await store.appendSamples([
      sample(MONDAY, { rows: 3, bad: Number.NaN, worse: Number.POSITIVE_INFINITY }, { rows: [Number.NaN, Number.NaN] }),
      sample(MONDAY + 1, {}, { rows: [Number.NEGATIVE_INFINITY, 7] }),
      sample(MONDAY + 2, {}),
    ]);
    assert.deepEqual(await store.samplesSince(STAGE, 0), [
      sample(MONDAY, { rows: 3 }),
      sample(MONDAY + 1, {}, { rows: [Number.NEGATIVE_INFINITY, 7] }),
      sample(MONDAY + 2, {}),
    ]);
  });

  test('answers series aligned over all signals of a stage, NaN where nothing is known', async (t) => {
    const store = await opened(t);
    await store.appendSamples([
      sample(MONDAY, { rows: 1 }, { rows: [0, 2] }),
      sample(MONDAY + 10_000, { lag_seconds: 7 }, { rows: [0.5, 2.5] }),
      sample(MONDAY + 20_000, {}),
      sample(MONDAY + 30_000, { rows: 4, lag_seconds: 8 }),
    ]);
    const query = { stage: STAGE, from: MONDAY, to: MONDAY + MINUTE, step: 10_000 };
    const at = Float64Array.of(MONDAY, MONDAY + 10_000, MONDAY + 20_000, MONDAY + 30_000);
    const unknown = new Float64Array(4).fill(Number.NaN);
    assert.deepEqual(await store.series(query), [
      { signal: 'lag_seconds', at, value: Float64Array.of(NaN, 7, NaN, 8), lower: unknown, upper: unknown },
      {
        signal: 'rows',
        at,
        value: Float64Array.of(1, NaN, NaN, 4),
        lower: Float64Array.of(0, 0.5, NaN, NaN),
        upper: Float64Array.of(2, 2.5, NaN, NaN),
      },
    ]);
    assert.deepEqual(await store.series({ ...query, stage: 'no.such' }), []);
    assert.deepEqual(await store.series({ ...query, from: MONDAY + HOUR, to: MONDAY + 2 * HOUR }), []);
    assert.deepEqual(await store.series({ ...query, from: MONDAY + 1, to: MONDAY }), []);
    const all = { stage: STAGE, from: Number.NEGATIVE_INFINITY, to: Number.POSITIVE_INFINITY, step: 0 };
    assert.deepEqual((await store.series(all))[0]?.at, at);
  });

  test('answers wide steps from rollups that hold count, mean and last band', async (t) => {
    const store = await opened(t);
    await store.appendSamples(tenSeconds(3 * 360 + 7, (n) => n));
    const query = { stage: STAGE, from: MONDAY, to: MONDAY + 4 * HOUR };
    const hours = await store.series({ ...query, step: HOUR });
    assert.deepEqual(
      hours.map(({ signal }) => signal),
      ['lag_seconds', 'rows'],
    );
    const rows = hours[1];
    assert.deepEqual(rows?.at, Float64Array.of(MONDAY, MONDAY + HOUR, MONDAY + 2 * HOUR, MONDAY + 3 * HOUR));
    assert.deepEqual(rows?.value, Float64Array.of(179.5, 539.5, 899.5, 1083));
    assert.deepEqual(rows?.lower, Float64Array.of(358, 718, 1078, 1085));
    const minutes = await store.series({ ...query, to: MONDAY + 2 * MINUTE, step: MINUTE });
    assert.deepEqual(minutes[1]?.value, Float64Array.of(2.5, 8.5, 14.5));
    assert.deepEqual(minutes[1]?.upper, Float64Array.of(6, 12, 18));
  });

  test('answers the same before, while and after rollups are made, and takes late samples into them', async (t) => {
    const store = await opened(t);
    await store.appendSamples(tenSeconds(720, (n) => n % 60));
    const answers = async () => {
      const query = { stage: STAGE, from: MONDAY, to: MONDAY + 3 * HOUR };
      return [
        await store.samplesSince(STAGE, 0),
        ...(await Promise.all(
          [10 * SECOND, MINUTE, 10 * MINUTE, HOUR].map((step) => store.series({ ...query, step })),
        )),
      ];
    };
    const before = await answers();
    await settle(store, MONDAY + 90 * MINUTE);
    assert.deepEqual(await answers(), before);
    await settle(store, MONDAY + 3 * HOUR);
    assert.deepEqual(await answers(), before);
    const late = sample(MONDAY + 5 * SECOND, { rows: 1000 });
    const replaced = sample(MONDAY + 10 * SECOND, { rows: 2000 });
    await store.appendSamples([late, replaced]);
    const after = await answers();
    assert.equal((after[0] as SampleRow[]).length, 721);
    assert.deepEqual((after[0] as SampleRow[]).slice(1, 3), [late, replaced]);
    await settle(store, MONDAY + 3 * HOUR);
    assert.deepEqual(await answers(), after);
    const [, rows] = await store.series({ stage: STAGE, from: MONDAY, to: MONDAY, step: MINUTE });
    assert.equal(rows?.value[0], Math.fround((0 + 1000 + 2000 + 2 + 3 + 4 + 5) / 7));
  });

  test('gives at most two points for each step', async (t) => {
    const store = await opened(t);
    const rows = Array.from({ length: 600 }, (_, n) => sample(MONDAY + n * SECOND, { rows: n }));
    await store.appendSamples(rows);
    const query = { stage: STAGE, from: MONDAY, to: MONDAY + 10 * MINUTE };
    const [series] = await store.series({ ...query, step: 20 * SECOND });
    assert.equal(series?.at.length, 60);
    assert.deepEqual(series?.value.slice(0, 2), Float64Array.of(4.5, 14.5));
    assert.equal((await store.series({ ...query, step: SECOND }))[0]?.at.length, 600);
  });
}

function upkeepContract(opened: Open): void {
  test('forgets raw samples, minutes and hours each after its time, and answers older times from what is left', async (t) => {
    const store = await opened(t);
    await store.appendSamples(tenSeconds(720, () => 5));
    const retention = { raw: HOUR, minutes: 2 * HOUR, hours: 4 * HOUR, history: HOUR };
    const count = async (step: number) => {
      const [series] = await store.series({ stage: STAGE, from: MONDAY, to: MONDAY + 2 * HOUR, step });
      return series?.at.length ?? 0;
    };
    await settle(store, MONDAY + 130 * MINUTE, retention);
    assert.equal((await store.samplesSince(STAGE, 0)).length, 360);
    assert.equal(await count(10 * SECOND), 60 + 360);
    await settle(store, MONDAY + 190 * MINUTE, retention);
    assert.equal((await store.samplesSince(STAGE, 0)).length, 0);
    assert.equal(await count(10 * SECOND), 1 + 60);
    assert.equal(await count(MINUTE), 1 + 60);
    await settle(store, MONDAY + 250 * MINUTE, retention);
    assert.equal(await count(10 * SECOND), 2);
    await settle(store, MONDAY + 310 * MINUTE, retention);
    assert.equal(await count(HOUR), 1);
    await settle(store, MONDAY + 24 * HOUR, retention);
    assert.equal(await count(HOUR), 0);
  });

  test('keeps a rollup when one late sample comes in after its raw samples were deleted', async (t) => {
    const store = await opened(t);
    await store.appendSamples(tenSeconds(360, () => 5));
    const retention = { raw: HOUR, minutes: 48 * HOUR, hours: 48 * HOUR, history: HOUR };
    await settle(store, MONDAY + 3 * HOUR, retention);
    await store.appendSamples([sample(MONDAY + 1, { rows: 1e6 })]);
    await settle(store, MONDAY + 3 * HOUR, retention);
    for (const step of [MINUTE, HOUR]) {
      const series = await store.series({ stage: STAGE, from: MONDAY, to: MONDAY, step });
      assert.deepEqual(series.at(-1)?.value, Float64Array.of(5));
    }
  });

  test('forgets decisions, resolved incidents and ended leases after a while, and never what is open or owed', async (t) => {
    const store = await opened(t);
    const old = { openedAt: MONDAY, resolvedAt: MONDAY + HOUR, state: 'resolved' } as const;
    await store.commit([
      { put: 'decision', decision: decision({ because: 'old' }) },
      { put: 'decision', decision: decision({ because: 'new', at: MONDAY + 3 * HOUR }) },
      { put: 'incident', incident: incident('open') },
      { put: 'incident', incident: incident('old', old) },
      { put: 'incident', incident: incident('new', { ...old, resolvedAt: MONDAY + 3 * HOUR }) },
      { put: 'lease', lease: lease('in-force') },
      { put: 'lease', lease: lease('not-reverted', { state: 'failed' }) },
      { put: 'lease', lease: lease('old', { state: 'released', releasedAt: MONDAY }) },
      { put: 'lease', lease: lease('new', { state: 'released', releasedAt: MONDAY + 3 * HOUR }) },
      { put: 'outbox', item: item('owed') },
      audited('kept for good'),
    ]);
    await settle(store, MONDAY + 4 * HOUR, { ...RETENTION, history: 2 * HOUR });
    const left = await contents(store);
    assert.deepEqual(ids(left.incidents), ['new', 'open']);
    assert.deepEqual(ids(left.leases), ['new', 'not-reverted', 'in-force']);
    assert.deepEqual(
      left.decisions.map((row) => row.because),
      ['new'],
    );
    assert.equal(left.outbox.length, 1);
    assert.equal(left.audit.length, 1);
  });
}

function lifeContract(opened: Open): void {
  test('closes twice, and refuses every call after that', async (t) => {
    const store = await opened(t);
    const last = store.commit([{ put: 'setting', key: 'last', value: 1 }]);
    await Promise.all([store.close(), store.close()]);
    await last;
    await store.close();
    const calls: readonly (() => Promise<unknown>)[] = [
      () => store.commit([{ put: 'setting', key: 'a', value: 1 }]),
      () => store.commit([]),
      () => store.openIncidents(),
      () => store.incidents({ limit: 1 }),
      () => store.leasesInForce(),
      () => store.leases({ limit: 1 }),
      () => store.decisions({ limit: 1 }),
      () => store.outbox(),
      () => store.audit(0, 1),
      () => store.setting('a'),
      () => store.appendSamples([sample(MONDAY, {})]),
      () => store.series({ stage: STAGE, from: 0, to: 1, step: 1 }),
      () => store.samplesSince(STAGE, 0),
      () => store.saveState([]),
      () => store.loadState('a'),
      () => store.maintain(MONDAY, RETENTION),
    ];
    for (const call of calls) {
      await assert.rejects(call(), (thrown) => thrown instanceof HeadgateError && thrown.code === 'store-failed');
    }
  });

  test('closes before the first call', async (t) => {
    await (await opened(t)).close();
  });
}

import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { describe, type TestContext, test } from 'node:test';
import { type App, startApp } from '../../src/app/app.ts';
import * as accept from '../../src/cli/accept.ts';
import * as audit from '../../src/cli/audit.ts';
import * as explain from '../../src/cli/explain.ts';
import * as promote from '../../src/cli/promote.ts';
import * as release from '../../src/cli/release.ts';
import type { AuditLink } from '../../src/domain/ports.ts';
import type { ApiIncident, ApiLease, ApiPolicy, ApiStage } from '../../src/server/api.ts';
import { type OutsideWorld, outsideWorld, USUAL_RATE } from '../app/crash/world.ts';
import { api } from '../app/program.ts';
import { folderOf, settings } from '../app/settings.ts';
import { until } from '../support/until.ts';
import { run } from './running.ts';

interface House {
  readonly app: App;
  readonly outside: OutsideWorld;
  readonly store: string;
  readonly token: string;
  readonly ask: readonly string[];
}

/** A daemon that asks for a token, on a world that may fall behind. */
async function house(t: TestContext): Promise<House> {
  const outside = await outsideWorld();
  const folder = folderOf(t);
  const [config, token, store] = ['headgate.yaml', 'token', 'headgate.db'].map((name) => join(folder, name)) as [
    string,
    string,
    string,
  ];
  writeFileSync(token, 'a-token-of-some-length\n');
  // Longer than the process may stand still on a busy machine: a lease that runs out meanwhile cannot be released by hand.
  const shape = JSON.parse(settings({ url: outside.url, store, lease: '1m' })) as { server: object };
  writeFileSync(config, JSON.stringify({ ...shape, server: { ...shape.server, token_file: token } }));
  const app = await startApp({ configFile: config, env: {}, quiet: true });
  t.after(async () => {
    await app.stop();
    await outside.close();
  });
  return { app, outside, store, token, ask: ['--url', app.url, '--token-file', token, '--by', 'ann'] };
}

const active = ({ app }: House) => api<ApiLease[]>(app.url, '/api/v1/leases?state=active');
async function held(of: House): Promise<readonly ApiLease[]> {
  of.outside.lag = 200;
  await until(async () => (await active(of)).length === 2 && of.outside.rate() === 0, {
    what: 'both gates are held',
    within: 60_000,
    every: 50,
  });
  return active(of);
}
const linksOf = async ({ store }: House): Promise<AuditLink[]> => {
  const { code, out } = await run(audit, ['list', '--store', store]);
  assert.equal(code, 0);
  return out
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line) as AuditLink);
};

describe('commands that talk to a running daemon', () => {
  test('release lets one gate go and keeps the policy away; the other gate stays', async (t) => {
    const of = await house(t);
    const gate = (await held(of)).find(({ stage }) => stage === 'p.work') as ApiLease;
    const { code, out } = await run(release, [gate.id, ...of.ask, '--reason', 'we know', '--hold-off', '10m']);
    assert.deepEqual([code, out], [0, `${gate.id} is being released\n`]);
    await until(() => of.outside.rate() === USUAL_RATE, { what: 'the gate is put back' });
    const polls = of.outside.polls.length;
    await until(() => of.outside.polls.length >= polls + 2, { what: 'two more looks' });
    assert.equal(of.outside.rate(), USUAL_RATE, 'kept away, though the stage is as far behind as before');
    assert.deepEqual(
      (await active(of)).map(({ stage }) => stage),
      ['p.feed'],
    );
    const [ended] = (await api<ApiLease[]>(of.app.url, '/api/v1/leases')).filter(({ id }) => id === gate.id);
    assert.equal(ended?.why, 'by-hand');
    const link = (await linksOf(of)).find(({ action, actor }) => action === 'release' && actor === 'ann');
    assert.deepEqual(link?.detail, { lease: gate.id, reason: 'we know' });
    await assert.rejects(run(release, [gate.id, ...of.ask]), { message: `lease ${gate.id} is not in force` });
  });

  test('release --all opens everything and nothing is engaged until --resume', async (t) => {
    const of = await house(t);
    await held(of);
    assert.equal((await run(release, ['--all', ...of.ask])).code, 0);
    await until(async () => (await active(of)).length === 0 && of.outside.rate() === USUAL_RATE, {
      what: 'all is open',
    });
    const polls = of.outside.polls.length;
    await until(() => of.outside.polls.length >= polls + 2, { what: 'two more looks' });
    assert.equal(of.outside.rate(), USUAL_RATE);
    const { out } = await run(release, ['--resume', ...of.ask]);
    assert.equal(out, 'policies may act again\n');
    await until(() => of.outside.rate() === 0, { what: 'it is held again', within: 60_000 });
  });

  test('promote goes one step, to the step that is named, and says what there is', async (t) => {
    const of = await house(t);
    const modeOf = async () =>
      (await api<ApiPolicy[]>(of.app.url, '/api/v1/policies')).find(({ name }) => name === 'hold-gate')?.mode;
    assert.equal(
      (await run(promote, ['hold-gate', '--to', 'observe', ...of.ask])).out,
      'hold-gate: enforce → observe\n',
    );
    assert.equal(await modeOf(), 'observe');
    assert.equal((await run(promote, ['hold-gate', ...of.ask])).out, 'hold-gate: observe → dry-run\n');
    assert.equal((await run(promote, ['hold-gate', ...of.ask])).out, 'hold-gate: dry-run → enforce\n');
    assert.equal(await modeOf(), 'enforce');
    assert.deepEqual(await run(promote, ['none', ...of.ask]), {
      code: 2,
      out: '',
      err: 'there is no policy "none"; there are hold-gate, hold-valve\n',
    });
    await assert.rejects(run(promote, ['hold-gate', '--to', 'always', ...of.ask]), { code: 'rejected' });
  });

  test('accept takes a subject that is there, and refuses one that is not', async (t) => {
    const of = await house(t);
    await until(async () => (await api<ApiStage>(of.app.url, '/api/v1/stages/p/work')).at !== null, {
      what: 'the stage was seen',
    });
    const { code, out } = await run(accept, ['p.work/lag_seconds', ...of.ask]);
    assert.deepEqual([code, out], [0, 'p.work/lag_seconds: what it shows now is the new normal\n']);
    await assert.rejects(run(accept, ['p.none/lag_seconds', ...of.ask]), { message: /there is no stage p\.none/ });
    await assert.rejects(run(accept, ['p.work/lag_secnds', ...of.ask]), {
      message: /^nothing named lag_secnds is scored at stage p\.work; it has .*lag_seconds/,
    });
    assert.ok((await linksOf(of)).some(({ action, actor }) => action === 'accept' && actor === 'ann'));
  });

  test('explain tells the story of an incident with every decision, for people and for machines', async (t) => {
    const of = await house(t);
    const [lease] = (await held(of)) as [ApiLease];
    const { out } = await run(explain, [lease.incident, ...of.ask]);
    for (const part of [
      `#${lease.incident} `,
      'critical, open',
      'Root   p.work',
      'engage',
      'keep-broken',
      'hold-gate at p.work',
      'hold-valve at p.feed',
    ])
      assert.ok(out.includes(part), `${part}\n${out}`);
    const told = JSON.parse((await run(explain, [lease.incident, ...of.ask, '--format', 'json'])).out) as {
      incident: ApiIncident;
      decisions: { kind: string }[];
    };
    assert.equal(told.incident.id, lease.incident);
    assert.ok(told.decisions.some(({ kind }) => kind === 'engage'));
    assert.equal((await run(explain, [`#${lease.incident}`, ...of.ask])).out.split('\n')[0], out.split('\n')[0]);
    await assert.rejects(run(explain, ['9999', ...of.ask]), {
      message: new RegExp(`there is no incident "9999"; the newest: #${lease.incident} work `),
    });
  });

  test('without the token nothing is changed, and a daemon that is not there is named', async (t) => {
    const of = await house(t);
    await assert.rejects(run(release, ['--all', '--url', of.app.url]), { code: 'rejected', message: /token/ });
    await assert.rejects(run(release, ['--all', '--url', 'http://127.0.0.1:9']), {
      code: 'unreachable',
      message: 'no daemon answers at http://127.0.0.1:9; is it running, and is --url right?',
    });
    assert.ok(!(await linksOf(of)).some(({ action }) => action === 'stop-acting'));
  });

  test('a command without its argument prints how it is used and exits with 2', async () => {
    for (const command of [release, accept, promote, explain, audit])
      assert.deepEqual(await run(command, []), { code: 2, out: '', err: `${command.usage}\n` });
  });
});

test('audit verify finds the chain whole beside a running daemon, and broken at the link that was changed', async (t) => {
  const of = await house(t);
  await held(of);
  await run(release, ['--all', ...of.ask]);
  const whole = await run(audit, ['verify', '--store', of.store]);
  assert.equal(whole.code, 0);
  assert.match(whole.out, /^\d+ links, whole; the last hash is [0-9a-f]{64}\n$/);
  await of.app.stop();
  const links = await linksOf(of);
  const victim = links.find(({ actor }) => actor === 'ann') as AuditLink;

  const database = new DatabaseSync(of.store);
  const changed = database
    .prepare("UPDATE audit SET entry = replace(entry, 'ann', 'bob') WHERE seq = ?")
    .run(victim.seq);
  assert.equal(changed.changes, 1);
  database.close();
  const broken = await run(audit, ['verify', '--store', of.store]);
  assert.deepEqual(broken, {
    code: 1,
    out: `broken at link ${victim.seq}: it was changed, or does not follow the one before\n`,
    err: '',
  });

  const removing = new DatabaseSync(of.store);
  removing.prepare('DELETE FROM audit WHERE seq = 1').run();
  removing.close();
  assert.equal(
    (await run(audit, ['verify', '--store', of.store])).code,
    1,
    'what was cut off at the front is missed as well',
  );
});

import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { after, before, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { build } from 'esbuild';
import { EXTERNAL, REQUIRE } from '../../build.ts';
import { openStore } from '../../src/app/offline.ts';
import { seededRandom } from '../../src/stats/random.ts';
import { type OutsideWorld, outsideWorld, USUAL_RATE } from './crash/world.ts';

const CRASHES = Number(process.env.HEADGATE_CRASHES ?? 500);
/** Commits of one story from the opening to the end; each is a boundary to die before and after. */
const BOUNDARIES = 24;
const folder = mkdtempSync(join(tmpdir(), 'headgate-crash-'));
const program = join(folder, 'child.mjs');

before(async () => {
  // A bundle starts in a third of the time, and five hundred starts add up.
  await build({
    entryPoints: [join(import.meta.dirname, 'crash/child.ts')],
    outfile: program,
    bundle: true,
    format: 'esm',
    platform: 'node',
    logLevel: 'error',
    banner: { js: REQUIRE },
    external: EXTERNAL,
  });
});
after(() => rmSync(folder, { recursive: true, force: true }));

interface Life {
  readonly directory: string;
  readonly world: OutsideWorld;
  kills: number;
}

function start(life: Life, killAt?: string): { child: ChildProcess; lines: AsyncIterator<string> } {
  const child = spawn(process.execPath, [program, life.directory, life.world.url], {
    stdio: ['ignore', 'pipe', 'pipe'],
    env: { ...process.env, ...(killAt ? { KILL_AT: killAt } : {}) },
  });
  child.stderr?.on('data', (chunk) => life.world.note(String(chunk).trim()));
  return {
    child,
    lines: createInterface({ input: child.stdout as NodeJS.ReadableStream })[Symbol.asyncIterator](),
  };
}

/** Runs until the line was printed, or the process is gone. */
async function until(lines: AsyncIterator<string>, wanted: string): Promise<boolean> {
  for (;;) {
    const { value, done } = await lines.next();
    if (done) return false;
    if (value === wanted) return true;
  }
}

/** The world goes wrong and heals again, over and over. */
function weather(world: OutsideWorld, random: () => number): { stop(): void } {
  let bad = false;
  let timer: NodeJS.Timeout;
  const turn = (): void => {
    bad = !bad;
    world.lag = bad ? 200 : 1;
    timer = setTimeout(turn, 100 + 250 * random());
  };
  turn();
  return {
    stop() {
      clearTimeout(timer);
      world.lag = 1;
    },
  };
}

/** One life: crashes at the moments given, then peace; in the end everything is delivered and every gate is open. */
async function live(name: string, moments: readonly (number | string)[]): Promise<number> {
  const random = seededRandom(name.length * 7919 + moments.length);
  const world = await outsideWorld();
  const life: Life = { directory: mkdtempSync(join(folder, 'life-')), world, kills: 0 };
  const sky = weather(world, random);
  try {
    await liveUnder(sky, name, life, moments);
  } finally {
    sky.stop();
    await world.close();
  }
  return life.kills;
}

async function liveUnder(
  sky: { stop(): void },
  name: string,
  life: Life,
  moments: readonly (number | string)[],
): Promise<void> {
  for (const moment of moments) {
    const { child, lines } = start(life, typeof moment === 'string' ? moment : undefined);
    const gone = once(child, 'exit');
    if (typeof moment === 'number') {
      if (moment >= 0) await until(lines, 'ready');
      await sleep(Math.abs(moment));
      child.kill('SIGKILL');
    } else await Promise.race([gone, sleep(4_000).then(() => child.kill('SIGKILL'))]);
    await gone;
    life.kills++;
    life.world.note('killed');
  }
  sky.stop();
  const { child, lines } = start(life);
  const gone = once(child, 'exit');
  const deadline = setTimeout(() => child.kill('SIGKILL'), 120_000);
  // Settled must hold for a while: a notice may be waiting for its next attempt.
  assert.ok(
    (await until(lines, 'settled')) && (await until(lines, 'settled')),
    `${name}: never settled\n${life.world.gateLog.join('\n')}`,
  );
  child.kill('SIGTERM');
  await gone;
  clearTimeout(deadline);
  await verify(name, life);
}

async function verify(name: string, { directory, world, kills }: Life): Promise<void> {
  const store = await openStore('sqlite', { path: join(directory, 'headgate.db'), read_only: true });
  assert.equal(
    world.rate(),
    USUAL_RATE,
    `${name}: the gate is where its owner left it; asked of it: ${world.gateLog.slice(-40).join(', ')}; leases: ${JSON.stringify(await store.leases({ limit: 4 }))}; files: ${readdirSync(directory).join()}`,
  );
  assert.deepEqual(await store.leasesInForce(), [], `${name}: no lease is in force`);
  assert.deepEqual(await store.openIncidents(), [], `${name}: no incident is open`);
  const promised = existsSync(join(directory, 'promised'))
    ? readFileSync(join(directory, 'promised'), 'utf8').trim().split('\n')
    : [];
  for (const id of promised.filter(Boolean))
    assert.ok(world.received.has(id.replace(/@hook$/, '')), `${name}: ${id} was promised and never sent`);
  for (const incident of await store.incidents({ limit: 1_000 })) {
    const heard = [...world.received.keys()].filter((key) => key.startsWith(`headgate-${incident.id}-`));
    for (const change of ['opened', 'resolved'])
      assert.equal(
        heard.filter((key) => key.includes(`-${change}-`)).length,
        1,
        `${name}: one ${change} of incident ${incident.id}, heard ${heard.join()}`,
      );
  }
  await store.close();
  const repeats = [...world.received.values()].reduce((sum, times) => sum + times - 1, 0);
  assert.ok(
    repeats <= kills,
    `${name}: ${repeats} repeats after ${kills} kills; only the send in flight may be repeated`,
  );
}

/** Two lives at a time: the machine has two cores. */
async function inPairs(lives: readonly (() => Promise<number>)[]): Promise<number> {
  let next = 0;
  let kills = 0;
  const worker = async (): Promise<void> => {
    while (next < lives.length) {
      const died = await (lives[next++] as () => Promise<number>)();
      kills += died;
    }
  };
  await Promise.all([worker(), worker()]);
  return kills;
}

test('killed before and after every commit of a story: nothing is lost, every gate is open', async (t) => {
  const lives = Array.from(
    { length: BOUNDARIES },
    (_, k) => () => live(`boundary ${k + 1}`, [`${k + 1}:before`, `${k + 1}:after`]),
  );
  t.diagnostic(`${await inPairs(lives)} kills at ${BOUNDARIES} boundaries`);
});

test('killed at random moments: nothing is lost, repeats only for the send in flight, every gate is open', async (t) => {
  const random = seededRandom(20260105);
  const perLife = 12;
  const wanted = Math.max(perLife, CRASHES - 2 * BOUNDARIES);
  const lives = Array.from({ length: Math.ceil(wanted / perLife) }, (_, n) => {
    // A negative moment counts from the start of the process, so that starting up is hit as well.
    const moments = Array.from({ length: perLife }, () => (random() < 0.2 ? -(20 + 150 * random()) : 400 * random()));
    return () => live(`life ${n}`, moments);
  });
  t.diagnostic(`${await inPairs(lives)} kills at random moments`);
});

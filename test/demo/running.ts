import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import type { DemoEvent } from '../../src/demo/events.ts';
import { type DemoOptions, startDemo } from '../../src/demo/supervisor.ts';

export function temporaryDirectory(test: TestContext): string {
  const directory = mkdtempSync(join(tmpdir(), 'headgate-demo-'));
  test.after(() => rmSync(directory, { recursive: true, force: true }));
  return directory;
}

/** A demo on free ports that ends with the test; `events` is everything it has said so far. */
export async function runDemo(
  test: TestContext,
  options: Partial<Omit<DemoOptions, 'faultAt'>> & { readonly faultAt?: number | 'by the seed' } = {},
) {
  const directory = options.directory ?? temporaryDirectory(test);
  const events: DemoEvent[] = [];
  const { faultAt = 'never', ...others } = options;
  const demo = await startDemo({
    daemonUrl: 'http://127.0.0.1:1',
    directory,
    seed: 1,
    ports: { ingest: 0, enrich: 0, load: 0 },
    onLine: (event) => events.push(event),
    ...(faultAt === 'by the seed' ? {} : { faultAt }),
    ...others,
  });
  test.after(() => demo.stop());
  return { demo, events, directory, file: join(directory, 'queue.db') };
}

/** The samples of a `/metrics` page by name; buckets are left out. */
export async function scrape(url: string): Promise<Map<string, number>> {
  const text = await (await fetch(url)).text();
  const samples = text.split('\n').filter((line) => /^\w+ /.test(line));
  return new Map(samples.map((line) => [line.split(' ')[0] as string, Number(line.split(' ')[1])]));
}

export const sample = async (url: string, name: string): Promise<number> => (await scrape(url)).get(name) ?? Number.NaN;

/** True where nobody listens at the address any more. */
export const isGone = (url: string): Promise<boolean> =>
  fetch(url).then(
    () => false,
    () => true,
  );

export function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}

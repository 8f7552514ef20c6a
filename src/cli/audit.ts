import { createHash } from 'node:crypto';
import { parseArgs } from 'node:util';
import { openStore } from '../app/offline.ts';
import { CHAIN_START, verifyAudit } from '../domain/audit.ts';
import type { AuditLink, Store } from '../domain/ports.ts';
import type { CommandIo } from './command.ts';

export const summary = 'Checks or prints the audit log: who did what, in a chain that shows every later change.';
export const usage = `headgate audit verify --store FILE     exit 1 where a link was changed, removed or put in
headgate audit list --store FILE       one JSON object a line, oldest first

  --store FILE   the SQLite file of the daemon (./headgate.db); it is only read, also beside a running daemon`;

const PAGE = 1_000;

export async function run(argv: readonly string[], io: CommandIo): Promise<number> {
  const { values, positionals } = parseArgs({
    args: [...argv],
    allowPositionals: true,
    options: { store: { type: 'string', default: './headgate.db' } },
  });
  const [what] = positionals;
  if (what !== 'verify' && what !== 'list') {
    io.stderr.write(`${usage}\n`);
    return 2;
  }
  const store = await openStore('sqlite', { path: values.store, read_only: true });
  try {
    return what === 'verify' ? await verify(store, io) : await list(store, io);
  } finally {
    await store.close();
  }
}

async function* pages(store: Store): AsyncGenerator<readonly AuditLink[]> {
  let after = 0;
  for (;;) {
    const links = await store.audit(after, PAGE);
    if (links.length === 0) return;
    yield links;
    after = (links.at(-1) as AuditLink).seq;
  }
}

async function verify(store: Store, io: CommandIo): Promise<number> {
  const sha256 = (text: string): string => createHash('sha256').update(text).digest('hex');
  let end: Pick<AuditLink, 'seq' | 'hash'> = CHAIN_START;
  for await (const links of pages(store)) {
    const result = verifyAudit(links, sha256, end);
    if (!result.ok) {
      io.stdout.write(`broken at link ${result.brokenAt}: it was changed, or does not follow the one before\n`);
      return 1;
    }
    end = links.at(-1) as AuditLink;
  }
  io.stdout.write(`${end.seq} links, whole; the last hash is ${end.hash}\n`);
  return 0;
}

async function list(store: Store, io: CommandIo): Promise<number> {
  for await (const links of pages(store)) io.stdout.write(links.map((link) => `${JSON.stringify(link)}\n`).join(''));
  return 0;
}

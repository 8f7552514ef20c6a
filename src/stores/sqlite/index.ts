import { z } from 'zod';
import { defineStore } from '../../kit/component.ts';
import { openSqlite } from './open-store.ts';

export const SqliteConfig = z.strictObject({
  path: z
    .string()
    .regex(/^(?!:|file:)./, 'must be the path of a file')
    .meta({ description: 'The file; made where it is missing. Relative paths start at the working directory.' }),
  read_only: z
    .boolean()
    .default(false)
    .meta({ description: 'Look into the file beside a running daemon; every write is refused.' }),
});
export type SqliteConfig = z.output<typeof SqliteConfig>;

export const sqlite = defineStore({
  type: 'sqlite',
  stability: 'stable',
  summary: 'One SQLite file for everything durable; the right choice for one daemon.',
  description: `Incidents, leases, decisions, the audit log and the outbox are on the disk (\`synchronous=FULL\`) before
anything is done about them. Samples and learned state may lose their last seconds in a power cut, never in a crash of the
daemon. Uses Node's own \`node:sqlite\`; nothing to install.

The file belongs to one daemon at a time: a second one is refused. Beside it lie \`-wal\` and \`-shm\` (part of the data while the
daemon runs) and \`.lock\` (empty). Use a local disk; network file systems seldom lock properly. A damaged file is renamed
to \`.corrupt-TIME\` at the start and a new one is begun. Costs 21 bytes for each value of the last hour, 4 to 9 for older
ones, and 32 for each signal and minute.`,
  config: SqliteConfig,
  examples: [{ title: 'One file', yaml: 'store: { sqlite: ./headgate.db }' }],
  open: (config, say) => openSqlite(config, say),
});

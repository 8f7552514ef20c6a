import { execFileSync, spawnSync } from 'node:child_process';
import { chmodSync, mkdtempSync, realpathSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import pg from 'pg';
import { type FoundServer, freePort, type RunningServer, requireServer, startServer } from './servers.ts';

/** A real PostgreSQL on a free port of 127.0.0.1, with one superuser `postgres` whose password is the one given. */
export interface RunningPostgres extends RunningServer {
  readonly port: number;
  /** Runs SQL as the superuser. */
  sql(text: string): Promise<readonly Record<string, unknown>[]>;
}

/** PostgreSQL refuses to run as root: then it is run as the user `postgres`, which its package makes. */
const asRoot = process.getuid?.() === 0;

/** As `requireServer('postgres')`; also skipped where only root is here, and no user to run the server as. */
export function requirePostgres(): FoundServer {
  const found = requireServer('postgres');
  if (found.skip || !asRoot) return found;
  if (spawnSync('id', ['-u', 'postgres']).status === 0) return found;
  return { path: '', skip: 'postgres does not run as root, and there is no user postgres' };
}

const command = (path: string, args: readonly string[]): readonly [string, readonly string[]] =>
  asRoot ? ['runuser', ['-u', 'postgres', '--', path, ...args]] : [path, args];

interface Start {
  readonly port?: number;
  readonly password?: string;
  readonly settings?: readonly string[];
}

/** Makes a cluster in a fresh folder (0.7 s) and starts it; give `port` to stand where one has stood before. */
export async function startPostgres({ port, password = 'owner', settings }: Start = {}): Promise<RunningPostgres> {
  const script = `printf %s "$2" > "$1/pw" && "$0/initdb" -D "$1/data" -A scram-sha-256 -U postgres --pwfile="$1/pw" --no-sync -E UTF8 --locale=C`;
  return startCluster(script, [password], {
    password,
    ...(port !== undefined && { port }),
    ...(settings && { settings }),
  });
}

/** A hot standby of that server, which follows it from now on. */
export async function startStandby(primary: RunningPostgres, password = 'owner'): Promise<RunningPostgres> {
  const script = `PGPASSWORD="$2" "$0/pg_basebackup" -h 127.0.0.1 -p "$3" -U postgres -D "$1/data" -R -X stream -c fast --no-sync`;
  return startCluster(script, [password, String(primary.port)], { password });
}

/** Runs a script of the shell that fills `$1/data` with the programs in `$0`, and starts the server on it. */
async function startCluster(
  script: string,
  parameters: readonly string[],
  { port, password, settings = [] }: Start & { readonly password: string },
): Promise<RunningPostgres> {
  const { path, skip } = requirePostgres();
  if (skip) throw new Error(skip);
  const at = port ?? (await freePort());
  const data = mkdtempSync(join(tmpdir(), 'headgate-postgres-'));
  chmodSync(data, 0o777);
  const [init, initArgs] = command('sh', ['-c', script, dirname(realpathSync(path)), data, ...parameters]);
  execFileSync(init, [...initArgs], { stdio: 'pipe', cwd: data });
  const connect = async () => {
    const client = new pg.Client({ host: '127.0.0.1', port: at, user: 'postgres', password, database: 'postgres' });
    client.on('error', () => {});
    await client.connect();
    return client;
  };
  const fast = ['fsync=off', 'synchronous_commit=off', 'listen_addresses=127.0.0.1', `unix_socket_directories=${data}`];
  const options = [...fast, ...settings].flatMap((one) => ['-c', one]);
  const [program, args] = command(path, ['-D', `${data}/data`, '-p', String(at), ...options]);
  const remove = (): void => rmSync(data, { recursive: true, force: true });
  const ready = async (): Promise<boolean> => {
    try {
      await (await connect()).end();
      return true;
    } catch {
      return false;
    }
  };
  const server = await startServer(program, () => args, ready).catch((error: unknown) => {
    remove();
    throw error;
  });
  const client = await connect();
  return {
    ...server,
    output: () => server.output(),
    port: at,
    sql: async (text) => (await client.query(text)).rows ?? [],
    stop: async () => {
      await client.end().catch(() => {});
      // Without waiting for clients, and for what nobody will read again.
      const [stop, stopArgs] = command(join(dirname(realpathSync(path)), 'pg_ctl'), [
        'stop',
        '-D',
        `${data}/data`,
        '-m',
        'immediate',
      ]);
      spawnSync(stop, [...stopArgs], { stdio: 'ignore', cwd: data });
      await server.stop();
      remove();
    },
  };
}

import { createClient } from 'redis';
import { freePort, type RunningServer, requireServer, startServer } from './servers.ts';

/** A real Redis on a free port of 127.0.0.1 that keeps nothing on disk. */
export interface RunningRedis extends RunningServer {
  readonly port: number;
  /** Sends one command, on a connection of its own that stays open until `stop`. */
  command(...words: readonly (string | number)[]): Promise<unknown>;
  /** Sends many commands without waiting for each answer. */
  pipeline(commands: readonly (readonly (string | number)[])[]): Promise<readonly unknown[]>;
}

const connected = async (port: number, password?: string) => {
  const client = createClient({
    RESP: 2,
    socket: { host: '127.0.0.1', port, reconnectStrategy: false },
    ...(password !== undefined && { password }),
  });
  client.on('error', () => {});
  await client.connect();
  return client;
};

/** Starts a Redis; give `port` to start another one where one has stood before. */
export async function startRedis({
  port,
  args = [],
  password,
}: {
  port?: number;
  args?: readonly string[];
  password?: string;
} = {}): Promise<RunningRedis> {
  const { path, skip } = requireServer('redis');
  if (skip) throw new Error(skip);
  const at = port ?? (await freePort());
  const own = (folder: string): readonly string[] => [
    ...['--port', String(at), '--bind', '127.0.0.1', '--dir', folder, '--save', '', '--appendonly', 'no'],
    ...(password === undefined ? [] : ['--requirepass', password]),
    ...args,
  ];
  const ready = async (): Promise<boolean> => {
    try {
      const client = await connected(at, password);
      await client.sendCommand(['PING']);
      client.destroy();
      return true;
    } catch {
      return false;
    }
  };
  const server = await startServer(path, own, ready);
  const client = await connected(at, password);
  const command = (...words: readonly (string | number)[]) => client.sendCommand(words.map(String));
  return {
    ...server,
    output: () => server.output(),
    port: at,
    command,
    pipeline: (commands) => Promise.all(commands.map((words) => command(...words))),
    stop: async () => {
      client.destroy();
      await server.stop();
    },
  };
}

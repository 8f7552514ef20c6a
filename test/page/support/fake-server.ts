import { readFile } from 'node:fs/promises';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { text } from 'node:stream/consumers';
import type { ApiEvent } from '../../../src/server/api.ts';
import { fields } from './fields.ts';
import { NIGHT } from './shapes.ts';
import { type Situation, seriesOf, type World, worldAt } from './world.ts';

export interface Posted {
  readonly path: string;
  readonly body: unknown;
  readonly headers: IncomingMessage['headers'];
}

export interface FakeServer {
  readonly url: string;
  readonly posted: readonly Posted[];
  readonly world: World;
  /** Every path that was asked for. */
  readonly asked: readonly string[];
  send(event: ApiEvent): void;
  /** Lets commands wait for their answer until the returned function is called. */
  holdAnswers(): () => void;
  /** Ends every connection and stops listening, as a killed daemon does. */
  die(): Promise<void>;
}

const TYPES: Readonly<Record<string, string>> = {
  html: 'text/html; charset=utf-8',
  js: 'text/javascript',
  css: 'text/css',
  svg: 'image/svg+xml',
};

/** Plays the daemon for the page: its files, the API of one situation, and a stream that moves on every second. */
export async function fakeServer(
  folder: string,
  situation: Situation,
  options: { tick?: number } = {},
): Promise<FakeServer> {
  const startedAt = performance.now();
  const now = (): number => NIGHT + performance.now() - startedAt;
  const world = worldAt(situation, NIGHT);
  const posted: Posted[] = [];
  const asked: string[] = [];
  const streams = new Set<ServerResponse>();
  let held: Promise<void> | undefined;
  let seq = 0;
  const write = (to: ServerResponse, event: ApiEvent): void => {
    seq += 1;
    to.write(`id: ${seq}\nevent: ${event.event}\ndata: ${JSON.stringify(event.data)}\n\n`);
  };
  const send = (event: ApiEvent): void => {
    for (const stream of streams) write(stream, event);
  };

  async function file(path: string, response: ServerResponse): Promise<void> {
    const name = path === '/' ? 'index.html' : path.slice(1);
    const body = await readFile(`${folder}/${name}`).catch(() => undefined);
    const head = {
      'content-type': TYPES[name.split('.').at(-1) ?? ''] ?? 'text/plain',
      'content-security-policy': "default-src 'self'",
      'cache-control': 'no-store',
    };
    response.writeHead(body ? 200 : 404, head).end(body);
  }

  function answer(url: URL, response: ServerResponse): void {
    const path = url.pathname.slice('/api/v1/'.length);
    const series = /^stages\/([^/]+)\/([^/]+)\/series$/.exec(path);
    const profiles = /^stages\/([^/]+)\/([^/]+)\/profiles$/.exec(path);
    const body = profiles
      ? profiles[2] === 'warehouse'
        ? fields
        : []
      : series
        ? seriesOf(
            situation,
            `${series[1]}.${series[2]}`,
            Date.parse(url.searchParams.get('from') ?? ''),
            Date.parse(url.searchParams.get('to') ?? ''),
            Number(url.searchParams.get('step')),
          )
        : path === 'stages'
          ? worldAt(situation, now()).stages
          : world[path as keyof World];
    response
      .writeHead(body ? 200 : 404, { 'content-type': 'application/json' })
      .end(JSON.stringify(body ?? { error: { code: 'not-found', message: `no ${path}` } }));
  }

  const server = createServer(async (request, response) => {
    const url = new URL(request.url ?? '/', 'http://fake');
    asked.push(url.pathname);
    if (!url.pathname.startsWith('/api/v1/')) return file(url.pathname, response);
    if (request.method === 'POST') {
      posted.push({ path: url.pathname, body: JSON.parse(await text(request)), headers: request.headers });
      await held;
      return void response.writeHead(202, { 'content-type': 'application/json' }).end('{}');
    }
    if (url.pathname !== '/api/v1/events') return answer(url, response);
    response.writeHead(200, { 'content-type': 'text/event-stream', 'cache-control': 'no-store' });
    write(response, {
      event: 'hello',
      data: { version: '0.1.0', now: new Date(now()).toISOString(), seq, readOnly: false },
    });
    streams.add(response);
    response.on('close', () => streams.delete(response));
  });
  const tick = setInterval(() => {
    const due = situation === 'many' ? 100 : 1_000;
    worldAt(situation, now())
      .stages.slice(0, due)
      .forEach((stage) => {
        send({ event: 'stage', data: stage });
      });
    for (const stream of streams) stream.write(': ping\n\n');
  }, options.tick ?? 1_000);
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/`,
    posted,
    asked,
    world,
    send,
    holdAnswers: () => {
      const { promise, resolve } = Promise.withResolvers<void>();
      held = promise;
      return resolve;
    },
    die: () => {
      clearInterval(tick);
      server.closeAllConnections();
      return new Promise((done) => server.close(() => done()));
    },
  };
}

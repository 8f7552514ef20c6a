import { connect } from 'node:net';
import { seededRandom } from '../../src/stats/random.ts';

/**
 * The client side of the fuzz test, a process of its own, so that what it needs is not counted as the server's.
 * Arguments: port, seed, number of requests. Prints how often each status was answered, as JSON.
 */
const SOCKETS = 32;
/** Requests of one connection that are on their way at once. */
const PIPELINED = 16;
/**
 * Some bodies are shorter than their declared length (two bytes in latin1, four in UTF-8). Where such a request is the last of its
 * connection, the server rightly waits for the rest until its time for a whole request (30 s) is over, and answers 408.
 */
const PATIENCE = 45_000;

type Pick = <Item>(items: readonly Item[]) => Item;

const METHODS = ['GET', 'GET', 'GET', 'POST', 'POST', 'HEAD', 'PUT', 'DELETE', 'OPTIONS', 'PATCH', 'PROPFIND'];
const PATHS = [
  '/',
  '/metrics',
  '/healthz',
  '/readyz',
  '/favicon.ico',
  '/api/v1/stages',
  '/api/v1/stages/orders/enrich',
  '/api/v1/stages/orders/enrich/series',
  '/api/v1/incidents',
  '/api/v1/incidents/4127',
  '/api/v1/leases',
  '/api/v1/leases/L-88',
  '/api/v1/verdicts',
  '/api/v1/decisions',
  '/api/v1/policies',
  '/api/v1/budgets',
  '/api/v1/health',
  '/api/v1/valves/orders.ingest',
  '/api/v1/leases/L-88/release',
  '/api/v1/incidents/4127/ack',
  '/api/v1/incidents/4127/mute',
  '/api/v1/incidents/4127/label',
  '/api/v1/incidents/4127/note',
  '/api/v1/subjects/orders.enrich%2Flag_seconds/accept',
  '/api/v1/policies/p/promote',
  '/api/v1/actions/stop',
  '/api/v1/actions/resume',
  '/api/v1/notifiers/oncall/test',
  '/api/v1/__proto__',
  '/api/v1/stages/__proto__/constructor',
  '/../../../etc/passwd',
  '/%00',
  '/%',
  '/%c0%ae%c0%ae/',
  '//evil.example/',
];
const QUERIES = [
  '',
  '',
  '?state=open',
  '?state=%',
  '?limit=0',
  '?limit=5',
  '?limit=-1',
  '?limit=1e9',
  '?wait=1ms&version=1',
  '?step=0',
  '?from=0&to=1',
  '?from=9e99',
  '?a=b&a=c&&==',
  '?__proto__=1',
];
const HEADERS = [
  '',
  'X-Headgate: 1',
  'X-Headgate: 1',
  'Origin: http://evil.example',
  'Accept: application/openmetrics-text',
  'Accept: */*;q=x',
  'Authorization: Bearer x',
  'If-None-Match: *',
  'Cookie: a=b',
  'Sec-Fetch-Site: cross-site',
  'X-Long: LONG',
  'Last-Event-ID: 1',
  'Range: bytes=0-',
  'Expect: 100-continue',
];
const BODIES = [
  '',
  '',
  '{}',
  '{"reason":"x"}',
  '{"reason":"x","holdoff":"1m"}',
  '{"label":"real"}',
  '{"mode":"enforce"}',
  '{"text":"\\u0000"}',
  '[]',
  'null',
  '{',
  '{"__proto__":{"a":1}}',
  '{"by":1e999}',
  '\u00ff\u00fe',
  'LONG',
];

function randomRequest(pick: Pick, random: () => number, port: number): Asked {
  const where = pick(PATHS);
  const fitting = /\/(release|ack|mute|label|note|accept|promote|stop|resume|test)$/.test(where) ? 'POST' : 'GET';
  const method = random() < 0.6 ? fitting : pick(METHODS);
  const noise = random() < 0.1 ? encodeURI(String.fromCodePoint(0x20 + Math.floor(random() * 0x2000))) : '';
  const path = where + noise + pick(QUERIES);
  const long = 'y'.repeat(1 + Math.floor(random() * 4_000));
  const body = method === 'GET' || method === 'HEAD' ? '' : pick(BODIES).replace('LONG', long);
  const host = random() < 0.05 ? 'evil.example' : `127.0.0.1:${port}`;
  const type = pick(['application/json', 'application/json', 'text/plain', '']);
  const lines = [
    `${method} ${path} HTTP/1.1`,
    `Host: ${host}`,
    pick(HEADERS).replace('LONG', long),
    type === '' ? '' : `Content-Type: ${type}`,
    ...(body === ''
      ? []
      : random() < 0.3
        ? ['Transfer-Encoding: chunked']
        : [`Content-Length: ${Buffer.byteLength(body)}`]),
  ].filter((line) => line !== '');
  const chunked = lines.some((line) => line.startsWith('Transfer'));
  const sent = chunked ? `${Buffer.byteLength(body).toString(16)}\r\n${body}\r\n0\r\n\r\n` : body;
  return { text: `${lines.join('\r\n')}\r\n\r\n${sent}`, method };
}

/** Reads answers off a connection and calls for each with its status; bodies are skipped by their length. */
function answersOf(sent: readonly Asked[], done: (status: number) => void): (chunk: Buffer) => void {
  let rest: Buffer = Buffer.alloc(0);
  return (chunk) => {
    rest = rest.length === 0 ? chunk : Buffer.concat([rest, chunk]);
    for (;;) {
      const end = rest.indexOf('\r\n\r\n');
      if (end < 0) return;
      const head = rest.toString('latin1', 0, end);
      const status = Number(head.slice(9, 12));
      const interim = status === 100;
      const bare = interim || status === 304 || sent[0]?.method === 'HEAD';
      const size = bare ? end + 4 : bodyEnd(head, rest, end + 4);
      if (size === undefined || rest.length < size) return;
      rest = rest.subarray(size);
      if (!interim) done(status);
    }
  };
}

function bodyEnd(head: string, bytes: Buffer, from: number): number | undefined {
  const length = /^content-length: (\d+)/im.exec(head)?.[1];
  if (length !== undefined) return from + Number(length);
  const last = bytes.indexOf('0\r\n\r\n', from);
  return last < 0 ? undefined : last + 5;
}

interface Asked {
  readonly text: string;
  readonly method: string;
}

/** The requests still to be sent, and what came of those that were. */
interface Work {
  next(): Asked | undefined;
  back(asked: readonly Asked[]): void;
  answered(status: number): void;
}

/** One connection, used until the server closes it or nothing is left. What was not answered goes back to the others. */
const connection = (port: number, work: Work): Promise<void> =>
  new Promise((resolve, reject) => {
    const socket = connect(port, '127.0.0.1');
    const sent: Asked[] = [];
    let answers = 0;
    const refill = (): void => {
      while (sent.length < PIPELINED) {
        const next = work.next();
        if (!next) break;
        sent.push(next);
        socket.write(next.text, 'latin1');
      }
      if (sent.length === 0) socket.end();
    };
    const read = answersOf(sent, (status) => {
      sent.shift();
      answers += 1;
      work.answered(status);
    });
    socket.on('data', (chunk) => {
      read(chunk);
      if (sent.length < PIPELINED / 2) refill();
    });
    socket.on('error', () => undefined);
    socket.on('close', () => {
      // A request that closes its connection without an answer is not tried for ever.
      work.back(answers === 0 ? sent.slice(1) : sent);
      resolve();
    });
    socket.on('connect', refill);
    socket.setTimeout(PATIENCE, () => reject(new Error('the server does not answer any more')));
  });

const [port = 0, seed = 0, requests = 0] = process.argv.slice(2).map(Number);
const random = seededRandom(seed);
const pick: Pick = (items) => items[Math.floor(random() * items.length)] as (typeof items)[number];
const statuses = new Map<number, number>();
const again: Asked[] = [];
let left = requests;
const work: Work = {
  next: () => again.pop() ?? (left-- > 0 ? randomRequest(pick, random, port) : undefined),
  back: (asked) => again.push(...asked),
  answered: (status) => statuses.set(status, (statuses.get(status) ?? 0) + 1),
};
const client = async (): Promise<void> => {
  while (left > 0 || again.length > 0) await connection(port, work);
};
await Promise.all(Array.from({ length: SOCKETS }, client));
console.log(JSON.stringify([...statuses]));

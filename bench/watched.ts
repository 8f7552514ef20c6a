import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { ANSWERS_A_PHASE, wavesAt } from './waves.ts';

/**
 * What the measured daemon watches and tells, as a process of its own: `/s/N` answers with eight numbers of stage N, and a POST
 * takes notices. Both are seen by one clock, so the way from a probe's answer to its notice is measured without error.
 */
/** Breaks a stage; it is mended as soon as its notice has come. */
export type Ask = { readonly break: number };
export type Tell =
  | { readonly port: number }
  /** Milliseconds from the answer that showed the broken value to the first byte of the notice about it. */
  | { readonly stage: number; readonly notice: number };

/** Stage → when the broken value was first answered; 0 until it was. */
const broken = new Map<number, number>();
let probes = 0;

function answer(stage: number): string {
  const phase = probes++ / ANSWERS_A_PHASE;
  const at = broken.get(stage);
  if (at === 0) broken.set(stage, performance.now());
  return JSON.stringify({ ...wavesAt(stage, phase), ...(at !== undefined && { lag_seconds: 500 }) });
}

const tell = (message: Tell): void => void process.send?.(message);

const server = createServer((request, response) => {
  if (request.method === 'POST') {
    const arrived = performance.now();
    let body = '';
    request.setEncoding('utf8').on('data', (chunk) => (body += chunk));
    request.on('end', () => {
      response.end();
      const stage = Number(/"root":"bench\.s(\d+)"/.exec(body)?.[1]);
      const at = broken.get(stage);
      if (!at || !body.includes('headgate.incident.opened')) return;
      broken.delete(stage);
      tell({ stage, notice: arrived - at });
    });
    return;
  }
  const stage = Number(request.url?.slice('/s/'.length));
  response.setHeader('content-type', 'application/json');
  response.end(answer(stage));
});

process.on('message', (ask: Ask) => broken.set(ask.break, 0));
process.on('disconnect', () => process.exit());
server.listen(0, '127.0.0.1', () => tell({ port: (server.address() as AddressInfo).port }));

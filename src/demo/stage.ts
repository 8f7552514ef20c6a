import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { type Gauge, type Meter, meter } from './meter.ts';
import { type Database, openDatabase } from './queue.ts';

export type StageName = 'ingest' | 'enrich' | 'load';

/** What goes wrong inside a stage. The supervisor says when it begins and when it is over. */
export type StageFault = 'slow' | 'stop' | 'drop-rows' | 'stale';

/** From the supervisor to a stage. */
export type Order = { readonly kind: 'fault' | 'fault-over'; readonly fault: StageFault };

/** From a stage to the supervisor. */
export type Report =
  | { readonly kind: 'ready'; readonly port: number }
  | { readonly kind: 'valve'; readonly state: 'open' | 'throttled' | 'paused'; readonly rate?: number };

/** What the supervisor hands to a stage as its only argument, as JSON. */
export interface StageOptions {
  readonly file: string;
  readonly port: number;
  readonly seed: number;
  readonly daemonUrl: string;
}

/** What the work of a stage may use. */
export interface Stage {
  readonly options: StageOptions;
  readonly database: Database;
  readonly meter: Meter;
  /** True while that fault is on. */
  suffers(fault: StageFault): boolean;
  /** Calls again and again, each time `pause()` milliseconds after the last call was to be; it never runs ahead of time. */
  repeat(pause: () => number, work: () => void): void;
  report(report: Report): void;
}

/**
 * The frame of one stage: a process with a database, `/metrics`, and an end. It stops on SIGTERM, and also when its supervisor
 * is gone, however that died; Ctrl-C in a terminal reaches the supervisor, which then stops the stages.
 */
export function runStage(start: (stage: Stage) => { gauges(now: number): readonly Gauge[] }): void {
  const options = JSON.parse(process.argv[2] ?? '') as StageOptions;
  const faults = new Set<StageFault>();
  const database = openDatabase(options.file);
  const counts = meter();
  process.on('SIGINT', () => {});
  process.on('SIGTERM', () => process.exit(0));
  process.on('disconnect', () => process.exit(0));
  process.on('message', (order: Order) => {
    if (order.kind === 'fault') faults.add(order.fault);
    else faults.delete(order.fault);
  });
  const report = (message: Report): void => {
    // The channel may close at any moment; `disconnect` then ends the process.
    process.send?.(message, undefined, undefined, () => undefined);
  };
  const { gauges } = start({
    options,
    database,
    meter: counts,
    suffers: (fault) => faults.has(fault),
    repeat,
    report,
  });
  const server = createServer((request, response) => {
    const found = request.method === 'GET' && request.url === '/metrics';
    response.writeHead(found ? 200 : 404, { 'content-type': 'text/plain; version=0.0.4; charset=utf-8' });
    response.end(found ? counts.text(gauges(Date.now())) : 'only /metrics is here\n');
  });
  server.once('error', (error) => {
    process.stderr.write(`${error.message}\n`);
    process.exit(1);
  });
  server.listen(options.port, '127.0.0.1', () => {
    report({ kind: 'ready', port: (server.address() as AddressInfo).port });
  });
}

/** How far a loop may catch up after the process was held up; more would be a burst nobody ordered. */
const CATCH_UP_MS = 100;

function repeat(pause: () => number, work: () => void): void {
  let due = performance.now();
  const next = (): void => {
    due = Math.max(due + pause(), performance.now() - CATCH_UP_MS);
    setTimeout(
      () => {
        work();
        next();
      },
      Math.max(0, due - performance.now()),
    );
  };
  next();
}

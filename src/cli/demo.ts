import { parseArgs } from 'node:util';
import { runDemo } from '../app/demo.ts';
import { injectFault } from '../app/demo-fault.ts';
import { untilStopped } from '../app/signals.ts';
import { HeadgateError } from '../domain/error.ts';
import type { CommandIo } from './command.ts';

export const summary = 'Runs the daemon beside a small real pipeline in which something goes wrong.';
export const usage = `headgate demo [--port 9464] [--seed N] [--fault-at 30s|never] [--dir DIR] [--port-base 9470] [--log story|json]
headgate demo fault slow|stop|drop-rows|stale|crash [--dir DIR]

Three processes move orders through an SQLite queue; within the first minute one of them becomes slow. The console and the page tell
what Headgate makes of it. --config FILE tries another config on the same pipeline.`;

export async function run(argv: readonly string[], io: CommandIo): Promise<number> {
  const { values, positionals } = parseArgs({
    args: [...argv],
    allowPositionals: true,
    options: {
      port: { type: 'string', default: '9464' },
      'port-base': { type: 'string', default: '9470' },
      seed: { type: 'string' },
      'fault-at': { type: 'string' },
      dir: { type: 'string' },
      config: { type: 'string' },
      log: { type: 'string', default: 'story' },
    },
  });
  if (positionals[0] === 'fault') {
    io.stdout.write(`${await injectFault(positionals[1], values.dir)}\n`);
    return 0;
  }
  if (positionals.length > 0 || (values.log !== 'story' && values.log !== 'json')) {
    io.stderr.write(`${usage}\n`);
    return 2;
  }
  const terminal = 'isTTY' in io.stdout && io.stdout.isTTY === true;
  const demo = await runDemo({
    env: io.env,
    listen: `127.0.0.1:${wholeNumber('port', values.port)}`,
    directory: values.dir,
    seed: values.seed === undefined ? Date.now() % 1_000_000 : wholeNumber('seed', values.seed),
    faultAt: faultAt(values['fault-at']),
    portBase: wholeNumber('port-base', values['port-base']),
    config: values.config,
    output: values.log,
    write: (line) => io.stdout.write(line),
    color: terminal && !io.env.NO_COLOR,
    columns: terminal && 'columns' in io.stdout ? Number(io.stdout.columns) || 80 : 120,
  });
  return untilStopped(demo.app, io.stderr);
}

function wholeNumber(name: string, text: string): number {
  const number = Number(text);
  if (Number.isInteger(number) && number >= 0) return number;
  throw new HeadgateError('bad-config', `--${name} wants a whole number, got "${text}"`);
}

function faultAt(text: string | undefined): number | 'never' | undefined {
  if (text === undefined || text === 'never') return text;
  const seconds = /^(\d+(?:\.\d+)?)s$/.exec(text)?.[1];
  if (seconds === undefined)
    throw new HeadgateError('bad-config', `--fault-at wants seconds such as 30s, or never; got "${text}"`);
  return Number(seconds);
}

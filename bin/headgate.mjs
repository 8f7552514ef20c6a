#!/usr/bin/env node
// The command `headgate`. This file must parse and run on any Node with ES modules, however old, to say what is missing.
// In a checkout it runs src/main.ts, and finds itself the Node 24 that `npm ci` brought; in the published package it runs
// the bundle. A dist folder that lies in a checkout is never run: it may be older than the source beside it.
import { spawn } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import * as nodeModule from 'node:module';
import { constants } from 'node:os';
import { fileURLToPath } from 'node:url';
import { setFlagsFromString } from 'node:v8';

/** `engines` of package.json; a test keeps the two equal. */
const OLDEST = [22, 18];
/** What a configuration error is called in sysexits.h: trying again will not help. */
const EX_CONFIG = 78;

const here = (path) => new URL(`../${path}`, import.meta.url);
const source = here('src/main.ts');
const inCheckout = existsSync(source);
const [major, minor] = process.versions.node.split('.').map(Number);

if (inCheckout && major < 24 && existsSync(broughtNode())) handOver(fileURLToPath(broughtNode()));
else if (major < OLDEST[0] || (major === OLDEST[0] && minor < OLDEST[1])) refuse();
else await start();

function broughtNode() {
  return here(`node_modules/node/bin/node${process.platform === 'win32' ? '.exe' : ''}`);
}

function refuse() {
  const remedy = inCheckout ? 'run `npm ci` here first, or install a newer Node' : 'install a newer Node';
  console.error(`headgate needs Node ${OLDEST.join('.')} or newer, and this is ${process.versions.node}; ${remedy}`);
  process.exitCode = EX_CONFIG;
}

async function start() {
  // A daemon allocates little and lives long: a young generation that does not grow keeps 100 stages in 105 MB instead of
  // 128, and 1,000 in 241 instead of 355, for 3 % more processor time. An old one that is collected after it has grown by 15 %
  // keeps 2,500 stages that have learned in 840 MB instead of 1,000, for no more time. Without the two compilers between
  // interpreter and optimiser 100 stages that have learned take 134 MB instead of 145 (bench/README.md), and 1,000 that warm up a seventh more
  // processor time (14.5 % of a core instead of 12.5, beside other work). Commands that end soon want the opposite.
  if (['run', 'demo'].includes(process.argv[2]))
    for (const flag of JSON.parse(readFileSync(here('bin/daemon-flags.json'), 'utf8'))) setFlagsFromString(flag);
  nodeModule.enableCompileCache();
  await import(inCheckout ? source : here('dist/headgate.mjs'));
}

/** Runs the same command under another Node. It inherits the streams themselves, so nothing is copied on the way. */
function handOver(node) {
  const child = spawn(node, process.argv.slice(1), { stdio: 'inherit' });
  // A terminal sends Ctrl-C to the child as well, and a second one would mean "quit without releasing".
  const terminal = process.stdin.isTTY || process.stdout.isTTY || process.stderr.isTTY;
  for (const signal of ['SIGTERM', 'SIGHUP', 'SIGINT', 'SIGUSR2']) {
    process.on(signal, () => {
      if (signal !== 'SIGINT' || !terminal) child.kill(signal);
    });
  }
  child.on('error', (error) => {
    console.error(`headgate: cannot start ${node}: ${error.message}`);
    process.exitCode = EX_CONFIG;
  });
  child.on('exit', (code, signal) => {
    process.exit(code === null ? 128 + constants.signals[signal] : code);
  });
}

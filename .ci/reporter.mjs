// A reporter beside the usual one. It counts, for each real server, the tests of the files that ask for it, and ends with
// the closing lines of TAP, of this run and of those before it that kept their tally in the same file. The tally also holds the
// skips whose reason names no server, so that .ci/run can refuse them.
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';

const SERVERS = ['prometheus', 'promtool', 'alertmanager', 'amtool', 'chromium', 'redis', 'postgres', 'kafka'];
const asks = new Map();

function serversOf(file) {
  if (!asks.has(file)) {
    const main = readFileSync(file, 'utf8');
    // The tests of a room may ask through what they share.
    const shared = [...main.matchAll(/from '(\.\/support\/[^']+)'/g)].map((found) => join(dirname(file), found[1]));
    const text = [main, ...shared.map((path) => readFileSync(path, 'utf8'))].join('\n');
    const plain = [...text.matchAll(/requireServer\('(\w+)'\)/g)].map((found) => found[1]);
    // Where it takes more than a binary there is a function of its own: requirePostgres(), startPrometheusWithPast(…).
    const own = [...text.matchAll(/\b(?:require|start)([A-Z][a-z]+)\w*\(/g)].map((found) => found[1].toLowerCase());
    asks.set(file, new Set([...plain, ...own]));
  }
  return asks.get(file);
}

const none = () => ({
  count: Object.fromEntries(SERVERS.map((name) => [name, { passed: 0, skipped: 0 }])),
  totals: { tests: 0, pass: 0, fail: 0, skipped: 0 },
  unnamed: [],
});

export default async function* report(events) {
  const file = process.env.HEADGATE_CI_TALLY;
  const tally = file && existsSync(file) ? JSON.parse(readFileSync(file, 'utf8')) : none();
  const { count, totals, unnamed } = tally;
  for await (const { type, data } of events) {
    if ((type !== 'test:pass' && type !== 'test:fail') || data.details?.type === 'suite' || !data.file) continue;
    // A file that ends before its first test, or after its last, is a failure under the name of the file.
    if (data.name === data.file && type === 'test:pass') continue;
    totals.tests += 1;
    if (data.skip !== undefined || data.todo !== undefined) {
      totals.skipped += 1;
      const reason = String(data.skip ?? data.todo);
      const named = SERVERS.filter((server) => reason.includes(server));
      for (const server of named) count[server].skipped += 1;
      if (named.length === 0) unnamed.push(`${data.file}: ${data.name}: ${reason}`);
    } else if (type === 'test:pass') {
      totals.pass += 1;
      // A test of a contract suite is written in the suite's file and run by the file of a plugin.
      for (const server of serversOf(data.entryFile ?? data.file)) if (count[server]) count[server].passed += 1;
    } else totals.fail += 1;
  }
  for (const [server, { passed, skipped }] of Object.entries(count)) {
    yield `# server ${server.padEnd(12)} ${String(passed).padStart(4)} passed in files that ask for it, ${skipped} skipped\n`;
  }
  for (const line of unnamed) yield `# skipped without naming a server: ${line}\n`;
  for (const [name, number] of Object.entries(totals)) yield `# ${name} ${number}\n`;
  if (file) writeFileSync(file, JSON.stringify(tally));
}

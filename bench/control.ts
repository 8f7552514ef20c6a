import { createWriteStream } from 'node:fs';
import { pipeline } from 'node:stream/promises';
import { parseArgs } from 'node:util';
import { openTable } from '../src/files/table.ts';
import { seededRandom } from '../src/stats/random.ts';

// node bench/control.ts ewma|random|always [--seed 1] --input X.csv --time COLUMN --output Y.csv [--learn-until TIME]
//
// What every table of detection has to be held against, behind the same contract as `headgate score`. What random and always
// reach is worth nothing, however good it looks.
const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    seed: { type: 'string', default: '1' },
    input: { type: 'string', default: '-' },
    time: { type: 'string' },
    output: { type: 'string', default: '/dev/stdout' },
    'learn-until': { type: 'string' },
  },
});

/** Columns of a row to a score in 0 … 1 and whether it alerts. */
type Control = (row: readonly (number | undefined)[]) => { readonly score: number; readonly alert: boolean };

/**
 * Distance to a slow average in units of the average distance, the worst column; alerts beyond four standard deviations, which are
 * 1.25 average distances of normal noise each. Score and constants as in the harness's own `zscore.mjs`, so the rows agree.
 */
function ewma(): Control {
  const centre: number[] = [];
  const spread: number[] = [];
  return (row) => {
    let worst = 0;
    for (const [column, x] of row.entries()) {
      if (x === undefined) continue;
      const from = centre[column] ?? x;
      const before = spread[column] ?? 1e-9;
      const away = Math.abs(x - from);
      worst = Math.max(worst, away / (3 * before + 1e-9));
      centre[column] = from + 0.05 * (x - from);
      spread[column] = before + 0.01 * (away - before);
    }
    return { score: 1 - 1 / (1 + worst), alert: 3 * worst > 4 * 1.25 };
  };
}

const CONTROLS: Readonly<Record<string, (seed: number) => Control>> = {
  ewma,
  random: (seed) => {
    const random = seededRandom(seed);
    return () => {
      const score = random();
      return { score, alert: score > 0.999 };
    };
  },
  always: () => () => ({ score: 1, alert: true }),
};

const control = CONTROLS[positionals[0] ?? '']?.(Number(values.seed));
if (!control) throw new Error(`want one of ${Object.keys(CONTROLS).join(', ')}, got "${positionals[0] ?? ''}"`);
const table = await openTable({
  input: values.input,
  stdin: process.stdin,
  cwd: process.cwd(),
  time: values.time,
  values: undefined,
});

async function* lines(): AsyncGenerator<string> {
  yield 'time,score,alert\n';
  for await (const row of table.rows()) {
    const { score, alert } = (control as Control)(row.values);
    yield `${row.time},${score},${alert ? 1 : 0}\n`;
  }
}
await pipeline(lines, createWriteStream(values.output));

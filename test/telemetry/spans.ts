/**
 * A process of its own for the test of tracing: runs one tick inside spans, with a log line in the innermost, and says which
 * modules it has loaded. Arguments: the OTLP endpoint, or nothing.
 */
import { registerHooks } from 'node:module';
import { setTimeout as later } from 'node:timers/promises';
import { createLog } from '../../src/telemetry/log.ts';
import { createTraced, startTracing } from '../../src/telemetry/tracing.ts';

const loaded: string[] = [];
registerHooks({
  resolve(specifier, context, next) {
    const found = next(specifier, context);
    loaded.push(found.url);
    return found;
  },
});

const tracing = await startTracing({ version: '0.1.0', otlpEndpoint: process.argv[2] });
const steps: string[] = [];
const traced = createTraced((name) => steps.push(name));
const lines: string[] = [];
const log = createLog({ level: 'info', write: (line) => lines.push(line) });

await traced('probe', { stage: 'orders.enrich' }, async () => {
  await later(1);
  await traced('score', { detectors: 2 }, async () => {
    await later(1);
    await traced('decide', {}, async () => {
      traced('act', { actuator: 'valve' }, () => log.info({}, 'inside'));
      try {
        traced('act', {}, () => {
          throw Object.assign(new Error('x'), { code: 'timeout' });
        });
      } catch {
        // The error goes on through the span; here it is expected.
      }
    });
  });
});
await tracing.close();
console.log(
  JSON.stringify({
    active: tracing.active,
    steps,
    line: JSON.parse(lines[0] ?? '{}'),
    sdk: loaded.filter((url) => /opentelemetry\/(?!api\/)/.test(url)).length,
  }),
);

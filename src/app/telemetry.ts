import type { Config } from '../config/config.ts';
import type { Notice } from '../domain/notice.ts';
import type { Events, View } from '../domain/ports.ts';
import { createEvents, type EventsHub } from '../telemetry/events.ts';
import { createLog } from '../telemetry/log.ts';
import { createMetrics, type Metrics } from '../telemetry/metrics.ts';
import { createRecorder } from '../telemetry/record.ts';
import { createTraced, startTracing, type Traced } from '../telemetry/tracing.ts';
import { VERSION } from '../version.ts';

export interface Telemetry extends EventsHub {
  readonly metrics: Metrics;
  readonly traced: Traced;
  /** One line of the log for a notice; what the `log` notifier calls. */
  say(notice: Notice): void;
  /** Lets the metrics read what nobody announces. */
  observe(view: View): Promise<void>;
  close(): Promise<void>;
}

/** Metrics, log, spans and events of one daemon. `quiet`: the log says nothing, because a console tells the story. */
export async function createTelemetry(
  config: Config,
  { listener, quiet }: { readonly listener?: Partial<Events>; readonly quiet?: boolean },
): Promise<Telemetry> {
  const log = createLog({ level: quiet ? 'silent' : config.log.level });
  const metrics = createMetrics({ version: VERSION });
  const recorder = createRecorder(metrics);
  const tracing = await startTracing({ version: VERSION, ...config.tracing });
  const hub = createEvents({ log, record: recorder.events, listeners: listener ? [listener] : [] });
  return {
    ...hub,
    metrics,
    traced: createTraced((step, seconds) => metrics.observe('headgate_step_duration_seconds', [step], seconds)),
    say: ({ key, change, severity, incident, story }) =>
      log.info({ notice: key, change, severity, incident: incident.id, root: incident.root, story }, 'notice'),
    observe: (view) => recorder.observe(view),
    async close() {
      await tracing.close();
      metrics.close();
    },
  };
}

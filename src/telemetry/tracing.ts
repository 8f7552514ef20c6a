import { SpanStatusCode, trace } from '@opentelemetry/api';

/** Runs a piece of work inside a span. Spans begun inside it are its children, also across awaits. */
export type Traced = <T>(name: string, attributes: Record<string, string | number>, work: () => T) => T;

export interface TracingOptions {
  readonly version: string;
  /** OTLP over HTTP, such as `http://127.0.0.1:4318`; the environment's `OTEL_EXPORTER_OTLP_ENDPOINT` where not given. */
  readonly otlpEndpoint?: string | undefined;
  /** Share of root spans that are kept, 0 … 1; all where not given. */
  readonly sample?: number | undefined;
}

export interface Tracing {
  /** False where no exporter is configured: then spans cost next to nothing, and nothing was loaded for them. */
  readonly active: boolean;
  /** Sends what is still waiting, for at most a few seconds; never rejects. */
  close(): Promise<void>;
}

const OFF: Tracing = { active: false, close: async () => undefined };

/**
 * Starts the export of spans, if an exporter is configured. The SDK takes 200 ms and 50 MB, so it is imported only then.
 * What the user set in the environment (`OTEL_*`) wins over ours, except the endpoint, where the config wins.
 */
export async function startTracing(options: TracingOptions): Promise<Tracing> {
  const { env } = process;
  if (options.otlpEndpoint !== undefined) env.OTEL_EXPORTER_OTLP_ENDPOINT = options.otlpEndpoint;
  const wanted = env.OTEL_EXPORTER_OTLP_ENDPOINT ?? env.OTEL_EXPORTER_OTLP_TRACES_ENDPOINT;
  if (!wanted || env.OTEL_SDK_DISABLED === 'true' || env.OTEL_TRACES_EXPORTER === 'none') return OFF;
  env.OTEL_TRACES_EXPORTER ??= 'otlp';
  // Without these the SDK would start exporters of its own for metrics and logs.
  env.OTEL_METRICS_EXPORTER ??= 'none';
  env.OTEL_LOGS_EXPORTER ??= 'none';
  if (options.sample !== undefined && options.sample < 1 && env.OTEL_TRACES_SAMPLER === undefined) {
    env.OTEL_TRACES_SAMPLER = 'parentbased_traceidratio';
    env.OTEL_TRACES_SAMPLER_ARG = `${options.sample}`;
  }
  const { startNodeSdk } = await import('@opentelemetry/sdk-node');
  const sdk = startNodeSdk({
    logLevel: 'none',
    resourceAttributes: { 'service.name': env.OTEL_SERVICE_NAME ?? 'headgate', 'service.version': options.version },
  });
  return {
    active: true,
    close: async () => {
      const over = AbortSignal.timeout(5_000);
      const late = new Promise<void>((resolve) => over.addEventListener('abort', () => resolve()));
      await Promise.race([sdk.shutdown().catch(() => undefined), late]);
    },
  };
}

/**
 * Makes the function that runs work inside spans. `onEnd` hears how long each took, with or without tracing, so that the
 * same places feed the metric of steps. An error that is thrown marks the span and goes on.
 */
export function createTraced(onEnd: (name: string, seconds: number) => void = () => undefined): Traced {
  const tracer = trace.getTracer('headgate');
  return (name, attributes, work) =>
    tracer.startActiveSpan(name, { attributes: prefixed(attributes) }, (span) => {
      const began = performance.now();
      const end = (): void => {
        onEnd(name, (performance.now() - began) / 1_000);
        span.end();
      };
      const fail = (thrown: unknown): never => {
        const code = (thrown as { code?: unknown } | undefined)?.code;
        span.setStatus({ code: SpanStatusCode.ERROR, message: typeof code === 'string' ? code : 'internal' });
        end();
        throw thrown;
      };
      try {
        const result = work();
        if (!(result instanceof Promise)) {
          end();
          return result;
        }
        return result.then((value: unknown) => {
          end();
          return value;
        }, fail) as typeof result;
      } catch (thrown) {
        return fail(thrown);
      }
    });
}

/** Our attributes stand under one name, as the conventions of OpenTelemetry ask. */
const prefixed = (attributes: Record<string, string | number>): Record<string, string | number> =>
  Object.fromEntries(Object.entries(attributes).map(([name, value]) => [`headgate.${name}`, value]));

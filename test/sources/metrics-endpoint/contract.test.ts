import { formatDuration } from '../../../src/kit/duration.ts';
import { metricsEndpoint } from '../../../src/sources/metrics-endpoint/index.ts';
import { httpSourceContract } from '../../contracts/source.ts';
import { fakeClock } from '../../support/fake-clock.ts';

const page = (lag: string): string =>
  `# TYPE queue_depth gauge\nqueue_depth{queue="raw"} ${lag}\nqueue_depth{queue="other"} 9\nworkers 3\n`;

httpSourceContract({
  name: 'metrics-endpoint',
  make: ({ timeout, maxBytes }) =>
    metricsEndpoint.create(
      metricsEndpoint.config.parse({ timeout: formatDuration(timeout), max_body_bytes: maxBytes }),
      { clock: fakeClock(), random: () => 0.5 },
    ),
  ask: (url) =>
    metricsEndpoint.probe.parse({
      url,
      metrics: { lag_records: { metric: 'queue_depth', labels: { queue: 'raw' } }, workers_ready: 'workers' },
    }),
  good: {
    body: page('12'),
    type: 'text/plain; version=0.0.4; charset=utf-8',
    values: { lag_records: 12, workers_ready: 3 },
  },
  empty: ['', '\n', '# nothing here\n', 'queue_depth{queue="other"} 1\n'],
  garbage: {
    'a page of HTML': '<!doctype html><html><body>Sign in</body></html>\n',
    JSON: '{"queue_depth": 12}\n',
    'a line without a value': 'queue_depth{queue="raw"}\n',
    'labels that do not end': 'queue_depth{queue="raw" 12\n',
    'a label value that does not end': 'queue_depth{queue="raw} 12\n',
    'two numbers that are none': 'queue_depth{queue="raw"} 1.2.3\n',
    'the same series twice': 'queue_depth{queue="raw"} 1\nqueue_depth{queue="raw"} 2\n',
    'a hexadecimal value': 'queue_depth{queue="raw"} 0x10\n',
    'binary data': '\u0000\u0001\u0002\n',
  },
  notANumber: {
    NaN: page('NaN'),
    'prom-client’s Nan': page('Nan'),
    infinity: page('+Inf'),
    'minus infinity': page('-Inf'),
    'a number beyond 1.8e308': page('1e309'),
    text: page('many'),
    nothing: page(''),
  },
});

import { formatDuration } from '../../../src/kit/duration.ts';
import { prometheus } from '../../../src/sources/prometheus/index.ts';
import { sourceLifecycleContract } from '../../contracts/source-lifecycle.ts';
import { fakeClock } from '../../support/fake-clock.ts';
import { PROMETHEUS_PASSWORD, startGuardedPrometheus } from '../../support/prometheus.ts';
import { requireServer } from '../../support/servers.ts';

const make = (password: string) => (port: number, timeout: number) =>
  prometheus.create(
    prometheus.config.parse({
      url: `http://127.0.0.1:${port}`,
      auth: { basic: { username: 'headgate', password } },
      timeout: formatDuration(timeout),
    }),
    { clock: fakeClock(), random: () => 0.5 },
  );

// The instant of a query is the clock's; what is asked needs no samples.
sourceLifecycleContract({
  name: 'prometheus',
  skip: requireServer('prometheus').skip,
  start: startGuardedPrometheus,
  make: make(PROMETHEUS_PASSWORD),
  makeWrong: make('wrong-battery'),
  ask: prometheus.probe.parse({ queries: { lag_records: 'vector(12)', error_ratio: 'vector(1) / 4' } }),
  values: { lag_records: 12, error_ratio: 0.25 },
  empty: {
    ask: prometheus.probe.parse({ queries: { lag_records: 'sum(nothing)', error_ratio: 'vector(0) / 0' } }),
    values: {},
    absent: ['error_ratio', 'lag_records'],
  },
  connections: 32,
  secret: 'wrong-battery',
});

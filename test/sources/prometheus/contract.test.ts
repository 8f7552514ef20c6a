import { formatDuration } from '../../../src/kit/duration.ts';
import { prometheus } from '../../../src/sources/prometheus/index.ts';
import { httpSourceContract } from '../../contracts/source.ts';
import { fakeClock } from '../../support/fake-clock.ts';

const answer = (resultType: string, result: unknown): string =>
  JSON.stringify({ status: 'success', data: { resultType, result } });
const vector = (...values: unknown[]): string =>
  answer(
    'vector',
    values.map((value, index) => ({ metric: { job: `j${index}` }, value: [1_767_571_200, value] })),
  );

httpSourceContract({
  name: 'prometheus',
  make: ({ timeout, maxBytes }, url) =>
    prometheus.create(prometheus.config.parse({ url, timeout: formatDuration(timeout), max_body_bytes: maxBytes }), {
      clock: fakeClock(),
      random: () => 0.5,
    }),
  ask: () => prometheus.probe.parse({ queries: { lag_records: 'sum(lag)' } }),
  good: { body: vector('12'), type: 'application/json', values: { lag_records: 12 } },
  empty: [vector()],
  garbage: {
    'a page of HTML': '<!doctype html><html><body>Sign in</body></html>',
    'another API': '{"lag_records": 12}',
    'a failure with status 200': '{"status":"error","errorType":"timeout","error":"query timed out"}',
    'no JSON': 'lag_records 12\n',
    'a string': answer('string', [1_767_571_200, 'twelve']),
    'several series': vector('1', '2'),
    'a native histogram': answer('vector', [{ metric: {}, histogram: [1_767_571_200, { count: '3' }] }]),
    nothing: '',
  },
  notANumber: {
    NaN: vector('NaN'),
    infinity: vector('+Inf'),
    'minus infinity': vector('-Inf'),
    'a number beyond 1.8e308': vector('1e309'),
    text: vector('many'),
    'a hexadecimal value': vector('0x10'),
    'a bare number': vector(12),
    null: vector(null),
  },
});

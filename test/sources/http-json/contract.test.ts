import { formatDuration } from '../../../src/kit/duration.ts';
import { httpJson } from '../../../src/sources/http-json/index.ts';
import { httpSourceContract } from '../../contracts/source.ts';
import { fakeClock } from '../../support/fake-clock.ts';

const document = (lag: string): string => `{"queue": {"waiting": ${lag}}, "workers": [1, 3], "name": "enrich"}`;

httpSourceContract({
  name: 'http-json',
  make: ({ timeout, maxBytes }) =>
    httpJson.create(httpJson.config.parse({ timeout: formatDuration(timeout), max_body_bytes: maxBytes }), {
      clock: fakeClock(),
      random: () => 0.5,
    }),
  ask: (url) => httpJson.probe.parse({ url, fields: { lag_records: '/queue/waiting', workers_ready: '/workers/1' } }),
  good: { body: document('12'), type: 'application/json', values: { lag_records: 12, workers_ready: 3 } },
  empty: ['{}', '[]', 'null', '7', '{"queue": {}, "workers": [1]}', '{"queue": null}'],
  garbage: {
    nothing: '',
    'a page of HTML': '<!doctype html><html></html>',
    'half a document': '{"queue": {"waiting": 12',
    'two documents': '{} {}',
    'a bare NaN': document('NaN'),
    'very deep lists': '['.repeat(200_000),
  },
  notANumber: {
    'a number beyond 1.8e308': document('1e309'),
    'such a number as text': document('"1e309"'),
    text: document('"many"'),
    'NaN as text': document('"NaN"'),
    'infinity as text': document('"Infinity"'),
    'a hexadecimal number as text': document('"0x10"'),
    'a number with its unit': document('"12 records"'),
    'empty text': document('""'),
    blanks: document('" "'),
    null: document('null'),
    true: document('true'),
    'a list': document('[12]'),
    'an object': document('{"value": 12}'),
  },
});

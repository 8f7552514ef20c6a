import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import {
  type Exposition,
  ExpositionError,
  type ExpositionFormat,
  expositionParser,
  labelKey,
} from '../../../src/sources/metrics-endpoint/exposition.ts';

const TEXT: ExpositionFormat = { openMetrics: false, framed: true };
const OPEN: ExpositionFormat = { openMetrics: true, framed: true };

function parse(text: string, format = TEXT, wanted: (name: string) => boolean = () => true): Exposition {
  const parser = expositionParser(text, format, wanted);
  while (!parser.step(1_000));
  return parser.result();
}

/** All samples as `name`, labels, value and time. */
const flat = (page: Exposition) =>
  [...page.samples].flatMap(([name, all]) =>
    [...all.values()].map(({ labels, value, at }) => [name, Object.fromEntries(labels), value, at] as const),
  );

const failsAt = (line: number, reason: RegExp, text: string, format = TEXT): void => {
  assert.throws(
    () => parse(text, format),
    (error) => error instanceof ExpositionError && error.line === line && reason.test(error.message),
    text,
  );
};

describe('the text format 0.0.4', () => {
  // The example of the format's own documentation (prometheus.io/docs/instrumenting/exposition_formats).
  const DOCUMENTED = `# HELP http_requests_total The total number of HTTP requests.
# TYPE http_requests_total counter
http_requests_total{method="post",code="200"} 1027 1395066363000
http_requests_total{method="post",code="400"}    3 1395066363000

# Escaping in label values:
msdos_file_access_time_seconds{path="C:\\\\DIR\\\\FILE.TXT",error="Cannot find file:\\n\\"FILE.TXT\\""} 1.458255915e9

# Minimalistic line:
metric_without_timestamp_and_labels 12.47

# A weird metric from before the epoch:
something_weird{problem="division by zero"} +Inf -3982045

# A histogram, which has a pretty complex representation in the text format:
# HELP http_request_duration_seconds A histogram of the request duration.
# TYPE http_request_duration_seconds histogram
http_request_duration_seconds_bucket{le="0.05"} 24054
http_request_duration_seconds_bucket{le="+Inf"} 144320
http_request_duration_seconds_sum 53423
http_request_duration_seconds_count 144320
`;

  test('the documented example is read as documented', () => {
    const page = parse(DOCUMENTED);
    assert.deepEqual(flat(page), [
      ['http_requests_total', { method: 'post', code: '200' }, 1027, 1395066363000],
      ['http_requests_total', { method: 'post', code: '400' }, 3, 1395066363000],
      [
        'msdos_file_access_time_seconds',
        { path: 'C:\\DIR\\FILE.TXT', error: 'Cannot find file:\n"FILE.TXT"' },
        1.458255915e9,
        undefined,
      ],
      ['metric_without_timestamp_and_labels', {}, 12.47, undefined],
      ['something_weird', { problem: 'division by zero' }, Infinity, -3982045],
      ['http_request_duration_seconds_bucket', { le: '0.05' }, 24054, undefined],
      ['http_request_duration_seconds_bucket', { le: '+Inf' }, 144320, undefined],
      ['http_request_duration_seconds_sum', {}, 53423, undefined],
      ['http_request_duration_seconds_count', {}, 144320, undefined],
    ]);
    assert.deepEqual(
      [...page.types],
      [
        ['http_requests_total', 'counter'],
        ['http_request_duration_seconds', 'histogram'],
      ],
    );
  });

  test('blanks, commas at the end, tabs and CR LF are taken as Prometheus and its users write them', () => {
    for (const line of [
      'a{x="1"} 2',
      ' a { x = "1" , } 2 ',
      '\ta{x="1",}\t2',
      'a{x="1"}2',
      'a{x="1"} 2\r',
      'a{ x="1"} 2.0',
    ]) {
      assert.deepEqual(flat(parse(`${line}\n`)), [['a', { x: '1' }, 2, undefined]], line);
    }
    assert.deepEqual(flat(parse('a 1')), [['a', {}, 1, undefined]]);
    assert.deepEqual(flat(parse('a{} 1\n:b_:c9 2\n')), [
      ['a', {}, 1, undefined],
      [':b_:c9', {}, 2, undefined],
    ]);
  });

  test('numbers are read as Go writes them, and nothing else is a number', () => {
    const numbers: readonly [string, number][] = [
      ['1e3', 1_000],
      ['+.5', 0.5],
      ['-0', -0],
      ['1.', 1],
      ['1E-2', 0.01],
      ['NaN', Number.NaN],
      ['Nan', Number.NaN],
      ['inf', Infinity],
      ['-Inf', -Infinity],
      ['1e999', Infinity],
    ];
    for (const [text, value] of numbers) assert.deepEqual(flat(parse(`a ${text}\n`))[0]?.[2], value, text);
    for (const text of ['0x10', '0b1', '0o7', '1_000', '1,5', '--1', 'e5', 'null', '12s', "'1'"]) {
      failsAt(1, /want a number/, `a ${text}\n`);
    }
  });

  test('the line of the first mistake is named, with what was wanted', () => {
    failsAt(3, /want a metric name/, '# x\na 1\n{b="c"} 1\n');
    failsAt(1, /want a metric name/, '9a 1\n');
    failsAt(1, /want a number/, 'a-b 1\n');
    failsAt(1, /want a label name/, 'a{="x"} 1\n');
    failsAt(1, /want a label name/, 'a{,} 1\n');
    failsAt(1, /want =/, 'a{b} 1\n');
    failsAt(1, /want "/, 'a{b=c} 1\n');
    failsAt(2, /does not end/, 'a 1\na{b="c} 1\nb 2\n');
    failsAt(1, /does not end/, 'a{b="c\\"} 1\n');
    failsAt(1, /want , or }/, 'a{b="c" d="e"} 1\n');
    failsAt(1, /want a number/, 'a{b="c"}\n');
    failsAt(1, /want a number/, 'a\n');
    failsAt(1, /timestamp/, 'a 1 soon\n');
    failsAt(1, /nothing more/, 'a 1 2 3\n');
    failsAt(1, /nothing more/, 'a 1 # {id="x"} 1\n');
    failsAt(1, /label b is given twice/, 'a{b="c",b="d"} 1\n');
    failsAt(2, /given twice with the same labels/, 'a{b="c",d="e"} 1\na{d="e",b="c"} 2\n');
  });

  test('a last line that may have been cut is not believed where HTTP did not say how long the page is', () => {
    assert.throws(() => parse('a 1\nlag 12', { openMetrics: false, framed: false }), /line 2: .*may be cut/);
    assert.equal(flat(parse('a 1\nlag 12\n', { openMetrics: false, framed: false })).length, 2);
  });
});

describe('OpenMetrics 1.0', () => {
  test('timestamps are seconds, exemplars are passed over, and all types are taken', () => {
    const text = `# TYPE req counter
# UNIT req seconds
req_total{path="/#{}"} 17 1520879607.789 # {trace_id="oHg5SJYRHA0"} 9.8 1520879607.7
req_created{path="/#{}"} 1520430000.123
# TYPE lat histogram
lat_bucket{le="1.0"} 2 # {} 0.7
lat_bucket{le="+Inf"} 3
# TYPE state stateset
state{state="a"} 1
# EOF
`;
    const page = parse(text, OPEN);
    assert.deepEqual(flat(page)[0], ['req_total', { path: '/#{}' }, 17, 1520879607789]);
    assert.equal(flat(page).length, 5);
    assert.equal(page.types.get('req'), 'counter');
  });

  test('without its end mark, or with more behind it, the page is not whole', () => {
    failsAt(1, /# EOF line is missing/, 'a 1\n', OPEN);
    failsAt(3, /more after # EOF/, 'a 1\n# EOF\nb 2\n', OPEN);
    failsAt(0, /# EOF line is missing/, '', OPEN);
    assert.equal(flat(parse('a 1\n# EOF', OPEN)).length, 1);
    assert.equal(flat(parse('# EOF\na 1\n', TEXT)).length, 1, 'in 0.0.4 that is a comment like any other');
  });
});

test('what is written by the rules is read back, however it is sliced', () => {
  const name = fc.stringMatching(/^[a-zA-Z_:][a-zA-Z0-9_:]{0,8}$/);
  const label = fc.stringMatching(/^[a-zA-Z_][a-zA-Z0-9_]{0,5}$/);
  const sample = fc.record({
    name,
    labels: fc.dictionary(label, fc.string({ unit: 'binary' }), { maxKeys: 4, noNullPrototype: true }),
    // Minus zero is written as 0.
    value: fc.double().map((value) => value + 0),
  });
  const escaped = (text: string) => text.replaceAll('\\', '\\\\').replaceAll('"', '\\"').replaceAll('\n', '\\n');
  fc.assert(
    fc.property(
      fc.uniqueArray(sample, { selector: (one) => one.name }),
      fc.integer({ min: 1, max: 40 }),
      (all, slice) => {
        const text = all.map(({ name, labels, value }) => {
          const pairs = Object.entries(labels).map(([key, one]) => `${key}="${escaped(one)}"`);
          return `${name}{${pairs.join(',')}} ${value}\n`;
        });
        const parser = expositionParser(text.join(''), TEXT, () => true);
        while (!parser.step(slice));
        const read = flat(parser.result()).map(([name, labels, value]) => ({ name, labels, value }));
        assert.deepEqual(
          read,
          all.map((one) => ({ ...one, labels: { ...one.labels } })),
        );
      },
    ),
  );
});

test('only what is wanted is kept, and the rest is checked all the same', () => {
  const page = parse('a 1\nb 2\na_total 3\n', TEXT, (name) => name === 'b');
  assert.deepEqual(flat(page), [['b', {}, 2, undefined]]);
  assert.throws(() => parse('a oops\n', TEXT, () => false), /line 1: want a number/);
});

test('any bytes are read or refused, never anything else', () => {
  const pieces = fc.constantFrom(
    'a',
    '{',
    '}',
    '"',
    '\\',
    '=',
    ',',
    ' ',
    '\n',
    '#',
    '1',
    '.',
    'TYPE',
    'EOF',
    '\u0000',
    'é',
    '+Inf',
  );
  fc.assert(
    fc.property(fc.array(pieces, { maxLength: 30 }), fc.boolean(), (parts, openMetrics) => {
      try {
        parse(parts.join(''), { openMetrics, framed: true });
      } catch (error) {
        assert.ok(error instanceof ExpositionError, String(error));
      }
    }),
    { numRuns: 3_000 },
  );
});

test('the order of labels makes no difference to the key of a series', () => {
  const forth = new Map([
    ['a', '1'],
    ['b', '2'],
    ['le', '3'],
  ]);
  const back = new Map([
    ['le', '3'],
    ['b', '2'],
    ['a', '1'],
  ]);
  assert.equal(labelKey(forth), labelKey(back));
  assert.notEqual(labelKey(forth), labelKey(forth, 'le'));
  assert.equal(
    labelKey(
      new Map([
        ['a', '1'],
        ['b', '2'],
      ]),
    ),
    labelKey(back, 'le'),
  );
});

test('time grows with the length of the text and not faster, also for hostile lines', () => {
  const hostile = (size: number): readonly string[] => [
    `a{b="${'\\'.repeat(size)}"} 1\n`,
    `a{${'b="c",'.repeat(size / 6)}} 1\n`,
    `${' '.repeat(size)}a 1\n`,
    `# TYPE ${' '.repeat(size)}\n`,
    `a${'b'.repeat(size)} 1\n`,
    '#\n'.repeat(size / 2),
  ];
  const timeOf = (text: string): number => {
    const began = performance.now();
    try {
      parse(text, TEXT, () => false);
    } catch (error) {
      assert.ok(error instanceof ExpositionError);
    }
    return performance.now() - began;
  };
  for (const text of hostile(2_000_000)) assert.ok(timeOf(text) < 1_500, text.slice(0, 20));
});

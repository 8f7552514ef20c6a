import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { Pointer, parsePointer, resolvePointer } from '../../src/kit/json-pointer.ts';

/** The document and the answers of RFC 6901 §5. */
const RFC = {
  foo: ['bar', 'baz'],
  '': 0,
  'a/b': 1,
  'c%d': 2,
  'e^f': 3,
  'g|h': 4,
  'i\\j': 5,
  'k"l': 6,
  ' ': 7,
  'm~n': 8,
};
const at = (document: unknown, text: string): unknown =>
  resolvePointer(document, parsePointer(text) ?? assert.fail(text));

test('the examples of RFC 6901', () => {
  assert.equal(at(RFC, ''), RFC);
  assert.deepEqual(
    ['/foo', '/foo/0', '/', '/a~1b', '/c%d', '/e^f', '/g|h', '/i\\j', '/k"l', '/ ', '/m~0n'].map((text) =>
      at(RFC, text),
    ),
    [['bar', 'baz'], 'bar', 0, 1, 2, 3, 4, 5, 6, 7, 8],
  );
});

test('nothing is where there is nothing, and nothing is inherited', () => {
  const document = { list: [1], text: 'abc', nil: null };
  for (const text of [
    '/x',
    '/list/1',
    '/list/-',
    '/list/01',
    '/list/+0',
    '/list/length',
    '/text/0',
    '/text/length',
    '/nil/x',
    '/toString',
    '/__proto__',
    '/list/ 0',
  ]) {
    assert.equal(at(document, text), undefined, text);
  }
  assert.equal(at(document, '/nil'), null);
});

test('text that is no pointer is refused, and ~01 is ~1 and not a slash', () => {
  for (const text of ['a', 'a/b', '#/a', '/a~', '/a~2']) assert.equal(parsePointer(text), undefined, text);
  assert.deepEqual(parsePointer('/~01'), ['~1']);
  assert.match(Pointer.safeParse('lag').error?.message ?? '', /want a JSON Pointer such as/);
});

test('every value of a document is found under its escaped path', () => {
  const key = fc.string();
  fc.assert(
    fc.property(fc.array(key, { maxLength: 5 }), fc.integer(), (path, value) => {
      const document = path.reduceRight<unknown>((inner, name) => Object.fromEntries([[name, inner]]), value);
      const text = path.map((name) => `/${name.replaceAll('~', '~0').replaceAll('/', '~1')}`).join('');
      return at(document, text) === value;
    }),
  );
});

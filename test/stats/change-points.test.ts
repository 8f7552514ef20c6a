import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Adwin } from '../../src/stats/adwin.ts';
import { type Cusum, cusumStep, NO_CUSUM } from '../../src/stats/cusum.ts';
import { NumberReader, NumberWriter } from '../../src/stats/number-codec.ts';
import { PageHinkley } from '../../src/stats/page-hinkley.ts';
import { changes } from './changes-golden.ts';
import { isNear } from './golden.ts';

const streamOf = (name: string): readonly number[] => changes.streams[name] as readonly number[];

test('Page–Hinkley detects where river does', () => {
  for (const { stream, threshold, delta, alpha, minimum, detections } of changes.pageHinkley) {
    const detector = new PageHinkley({ delta, alpha });
    const found = streamOf(stream).flatMap((value, i) => {
      detector.update(value);
      const isChange = detector.seen >= minimum && Math.max(detector.increase, detector.decrease) > threshold;
      if (isChange) detector.reset();
      return isChange ? [i] : [];
    });
    assert.deepEqual(found, detections, `${stream} ${threshold}`);
  }
});

test('ADWIN detects where river does, and its window is as long and has the same mean', () => {
  for (const { stream, delta, detections, widths } of changes.adwin) {
    const detector = new Adwin(delta);
    const seen = new Map(widths.map(([at, width, mean]) => [at, { width, mean }]));
    let changed = false;
    const found = streamOf(stream).flatMap((value, i) => {
      // River's begins anew with the value after a detection.
      if (changed) detector.reset();
      changed = detector.update(value);
      const wanted = seen.get(i);
      if (wanted) {
        assert.equal(detector.width, wanted.width, `${stream} ${delta} at ${i}`);
        assert.ok(isNear(detector.mean, wanted.mean, 1e-9), `${stream} ${delta} at ${i}`);
      }
      return changed ? [i] : [];
    });
    assert.deepEqual(found, detections, `${stream} ${delta}`);
  }
});

test('ADWIN goes on the same after it was written and read', () => {
  const [straight, restored] = [new Adwin(0.002), new Adwin(0.002)];
  const values = streamOf('back');
  for (const value of values.slice(0, 333)) straight.update(value);
  const to = new NumberWriter();
  straight.write(to);
  restored.read(new NumberReader(to.done()));
  for (const value of values.slice(333)) assert.equal(restored.update(value), straight.update(value));
  assert.deepEqual([restored.width, restored.mean], [straight.width, straight.mean]);
});

test('the cumulative sum detects where the formula does', () => {
  for (const { stream, k, h, detections } of changes.cusum) {
    let sums: Cusum = NO_CUSUM;
    const found = streamOf(stream).flatMap((value, i) => {
      sums = cusumStep(sums, value, k);
      const isChange = Math.max(sums.up, sums.down) > h;
      if (isChange) sums = NO_CUSUM;
      return isChange ? [i] : [];
    });
    assert.deepEqual(found, detections, `${stream} ${h}`);
  }
});

// Golden: Montgomery, "Introduction to statistical quality control", tables 9.1 and 9.2: target 10, sigma 1, slack 0.5, out at 5.
test('the cumulative sum is that of the textbook', () => {
  const values = [
    9.45, 7.99, 9.29, 11.66, 12.16, 10.18, 8.04, 11.46, 9.2, 10.34, 9.03, 11.47, 10.51, 9.4, 10.08, 9.37, 10.62, 10.31,
    8.52, 10.84, 10.9, 9.33, 12.29, 11.5, 10.6, 11.08, 10.38, 11.62, 11.31, 10.52,
  ];
  let sums: Cusum = NO_CUSUM;
  const ups = values.map((value) => {
    sums = cusumStep(sums, value - 10, 0.5);
    return sums.up;
  });
  assert.equal(ups.findIndex((up) => up > 5) + 1, 29);
  assert.deepEqual([ups[28]?.toFixed(2), ups[29]?.toFixed(2)], ['5.28', '5.30']);
});

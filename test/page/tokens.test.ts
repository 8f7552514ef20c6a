import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { contrast, distance, SIGHTS } from './support/colour.ts';

const css = readFileSync(new URL('../../src/page/style/tokens.css', import.meta.url), 'utf8');
const tokens = new Map(
  [...css.matchAll(/--([a-z0-9-]+): light-dark\((#[0-9a-f]{6}), (#[0-9a-f]{6})\)/g)].map(([, name, light, dark]) => [
    name as string,
    { light: light as string, dark: dark as string },
  ]),
);
const THEMES = ['light', 'dark'] as const;
const STATES = ['ok', 'warning', 'critical', 'unknown', 'held'];

const colour = (name: string, theme: (typeof THEMES)[number]): string => {
  const found = tokens.get(name)?.[theme];
  assert.ok(found, `no token --${name}`);
  return found;
};

for (const theme of THEMES) {
  test(`text reads at 4.5 to 1 or better, ${theme}`, () => {
    for (const ink of ['ink', 'ink2', 'ink3', 'accent', ...STATES]) {
      for (const ground of ['bg', 'surface']) {
        const ratio = contrast(colour(ink, theme), colour(ground, theme));
        assert.ok(ratio >= 4.5, `--${ink} on --${ground}: ${ratio.toFixed(2)}`);
      }
    }
    for (const state of STATES) {
      const ratio = contrast(colour(state, theme), colour(`${state}-tint`, theme));
      assert.ok(ratio >= 4.5, `--${state} on its tint: ${ratio.toFixed(2)}`);
    }
    assert.ok(contrast(colour('held-loud', theme), colour('surface', theme)) >= 4.5);
  });

  test(`any two states stay apart for every kind of sight, ${theme}`, () => {
    for (const [sight, matrix] of Object.entries(SIGHTS)) {
      for (const [index, one] of STATES.entries()) {
        for (const other of STATES.slice(index + 1)) {
          const apart = distance(colour(one, theme), colour(other, theme), matrix);
          assert.ok(apart >= 0.08, `${one} and ${other}, ${sight}: ${apart.toFixed(3)}`);
        }
      }
    }
  });
}

test('the check of sight would refuse the classic traffic light', () => {
  const deutan = SIGHTS.deuteranopia;
  assert.ok(distance('#ed8128', '#d44a3a', deutan) < 0.08 || distance('#299c46', '#d44a3a', deutan) < 0.08);
});

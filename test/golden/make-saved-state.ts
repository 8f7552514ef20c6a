import { writeFileSync } from 'node:fs';
import { deflateRawSync } from 'node:zlib';
import { detectorsFrom } from '../../src/app/world.ts';
import { Engine } from '../../src/engine/engine.ts';
import { registry } from '../../src/registry.ts';
import { limitedSignal, planOf, snapshot, stagePlan } from '../support/plans.ts';

/**
 * Writes what a stage with every detector of samples had learned after 40 of them, as the store keeps it. `saved-state.bin` was made
 * by this file in a checkout of bf9ab07, where baseline was at version 4 of its state, multivariate and isolation-forest at 2, and
 * forecast and change-point at 1.
 */
const TYPES = ['limits', 'baseline', 'change-point', 'forecast', 'isolation-forest', 'multivariate'];
const START = Date.UTC(2026, 0, 5);

const detectors = registry.detectors
  .filter(({ type }) => TYPES.includes(type))
  .map(({ type, config }) => ({ type, config: config.parse({}) }));
const stage = stagePlan('orders.enrich', { detectors, signals: new Map([limitedSignal('lag_seconds', 120)]) });
const engine = new Engine({
  plan: planOf([stage]),
  detectors: detectorsFrom(registry, []),
  reversibility: new Map(),
  inMaintenance: () => false,
  sequence: 0,
});
for (let tick = 0; tick < 40; tick += 1) {
  const at = START + tick * 10_000;
  const values = { lag_seconds: 2 + Math.sin(tick), rows: 100 + (tick % 7), error_ratio: 0.01 + 0.001 * (tick % 5) };
  engine.observe([snapshot('orders.enrich', at, values)], at);
}
const bytes = engine.line('orders.enrich')?.save();
if (bytes) writeFileSync(new URL('saved-state.bin', import.meta.url), deflateRawSync(bytes, { level: 9 }));

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { emptySnapshot } from '../../src/domain/snapshot.ts';
import { graphOf } from '../../src/domain/stage.ts';
import { NO_ESTIMATE } from '../../src/engine/estimate.ts';
import { type Supply, supplyOf } from '../../src/engine/supply.ts';

const [TOPIC, CONSUMER, TABLE] = ['shop.topic', 'shop.consumer', 'shop.table'] as const;
const graph = graphOf(
  new Map([
    [TOPIC, []],
    [CONSUMER, [TOPIC]],
    [TABLE, [CONSUMER]],
  ]),
);

interface Flow {
  /** Rates now, of a usual 100; the mean of the last few is the same where it is not said. */
  readonly in?: number;
  readonly out?: number;
  readonly recent?: number;
}

/** What comes to the table, with the two stages above as given; `undefined` is a stage that is not seen. */
function supply(topic: Flow | undefined, consumer: Flow | undefined): Supply {
  const flows = new Map([
    [TOPIC as string, topic],
    [CONSUMER as string, consumer],
  ]);
  return supplyOf(TABLE, {
    graph,
    seen: (stage) => {
      const flow = flows.get(stage);
      const rates = Object.entries(flow ?? {}).filter(([name]) => name !== 'recent');
      const values = new Map(rates.map(([way, rate]) => [`${way}_records_per_second`, rate as number]));
      return flow && { ...emptySnapshot(stage, 0), values };
    },
    estimate: (stage) => {
      const { in: into, out, recent } = flows.get(stage) ?? {};
      const mean = { recentIn: recent ?? into, recentOut: recent ?? out };
      return { ...NO_ESTIMATE, usualIn: 100, usualOut: 100, ...mean };
    },
  });
}

test('what comes to a stage is what the one above gives on', () => {
  assert.equal(supply({ in: 100 }, { in: 100, out: 90 }), 'flows');
  assert.equal(supply({ in: 100 }, { in: 100, out: 0 }), 'held');
});

test('where nobody above gets anything it is dry', () => {
  assert.equal(supply({ in: 0 }, { in: 0, out: 0 }), 'dry');
});

test('a stage that gets nothing from one that has something holds nothing back itself', () => {
  assert.equal(supply({ in: 100 }, { in: 0, out: 0 }), 'held');
});

test('what is not seen is not known, above it neither', () => {
  assert.equal(supply({ in: 100 }, undefined), 'unknown');
  assert.equal(supply(undefined, { in: 0, out: 0 }), 'unknown');
  assert.equal(supply(undefined, { in: 100, out: 100 }), 'flows');
});

test('a flow that has just ended is not known until a few samples agree', () => {
  assert.equal(supply({ in: 100 }, { in: 100, out: 0, recent: 60 }), 'changing');
});

test('of a stage that shows no rates it is only known that it cannot give what it does not get', () => {
  assert.equal(supply({ in: 100 }, {}), 'unknown');
  assert.equal(supply({ in: 0 }, {}), 'dry');
});

test('an origin is fed by nobody', () => {
  const above = { graph, seen: () => undefined, estimate: () => NO_ESTIMATE };
  assert.equal(supplyOf(TOPIC, above), 'origin');
});

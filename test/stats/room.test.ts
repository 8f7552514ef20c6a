import assert from 'node:assert/strict';
import { test } from 'node:test';
import { CoverageSet } from '../../src/stats/coverage-set.ts';
import { DecayedTail } from '../../src/stats/decayed-tail.ts';
import { LogTail } from '../../src/stats/log-tail.ts';
import { NumberWriter } from '../../src/stats/number-codec.ts';
import { seededRandom } from '../../src/stats/random.ts';
import { ALONE, Room } from '../../src/stats/room.ts';
import { SeasonTable } from '../../src/stats/season-table.ts';
import { SurpriseScale } from '../../src/stats/surprise-scale.ts';

test('places in one room lie side by side and never on each other', () => {
  const room = new Room(12);
  const places = [room.take(2, 3), room.take(0, 5), room.take(3)];
  places.forEach(({ piece, at, floatsAt }, index) => {
    assert.equal(piece, places[0]?.piece);
    piece.doubles.fill(index + 1, at, floatsAt / 2);
    piece.floats.fill(index + 1, floatsAt, floatsAt + ([3, 5, 0][index] as number));
  });
  assert.deepEqual([...(places[0]?.piece.doubles.subarray(0, 2) ?? [])], [1, 1]);
  assert.deepEqual([...(places[0]?.piece.floats.subarray(4, 7) ?? [])], [1, 1, 1]);
  assert.deepEqual([...(places[0]?.piece.floats.subarray(8, 13) ?? [])], [2, 2, 2, 2, 2]);
  assert.deepEqual([...(places[0]?.piece.doubles.subarray(7, 10) ?? [])], [3, 3, 3]);
  assert.equal(room.taken, 10);
});

test('what does not fit gets a piece of its own, all zero', () => {
  const room = new Room(4);
  const first = room.take(4);
  first.piece.doubles.fill(7);
  const second = room.take(1, 2);
  assert.notEqual(second.piece, first.piece);
  assert.deepEqual([...second.piece.doubles], [0, 0]);
});

test('models that share a room learn and say what they would alone', () => {
  const make = (room: Room) => ({
    tail: new DecayedTail(1_000, 32, undefined, room),
    log: new LogTail(1_000, 0.1, 0.15, room),
    set: new CoverageSet(12, 200, room),
    table: new SeasonTable(5, room),
    scale: new SurpriseScale(1_000, { scale: 0.6, excess: 0.8 }, room),
  });
  const measured = new Room(0);
  make(measured);
  const room = new Room(measured.taken);
  const shared = [make(room), make(ALONE)];
  assert.equal(room.taken, measured.taken);
  const random = seededRandom(5);
  for (let i = 0; i < 2_000; i++) {
    const x = 3 * random() ** 4;
    for (const { tail, log, set, table, scale } of shared) {
      tail.learn(x, 0.5);
      log.learn(x, 1);
      set.learn(x, i % 7 === 0);
      table.learn({ low: i % 5, high: (i + 1) % 5, share: 0.25 }, x, x / 2, 0.7);
      scale.learn(x, 1);
    }
  }
  const [inRoom, alone] = shared.map((all) => {
    const to = new NumberWriter();
    for (const one of Object.values(all)) one.write(to);
    return to.done();
  });
  assert.deepEqual(inRoom, alone);
});

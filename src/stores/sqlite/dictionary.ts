import type { Signal } from '../../domain/signal.ts';
import type { StageId } from '../../domain/stage.ts';
import type { Connection } from './connection.ts';

/** A list of signals that share rows: the n-th number of a packed row belongs to the n-th name. */
export interface Shape {
  readonly id: number;
  readonly signals: readonly Signal[];
}

/** Small numbers for the names of stages and for lists of signals. Nothing is ever removed, so what is remembered stays true. */
export class Dictionary {
  readonly #connection: Connection;
  readonly #stages = new Map<StageId, number>();
  readonly #shapes = new Map<string, Shape>();
  readonly #shapesById = new Map<number, Shape>();

  constructor(connection: Connection) {
    this.#connection = connection;
  }

  /** The number of a stage that has samples; undefined for one that never had any. */
  findStage(name: StageId): number | undefined {
    const known = this.#stages.get(name);
    if (known !== undefined) return known;
    const id = this.#connection.get<[number]>('SELECT id FROM stage WHERE name = ?', name)?.[0];
    if (id !== undefined) this.#stages.set(name, id);
    return id;
  }

  /** As `findStage`, and gives a new stage its number. Inside a transaction. */
  stage(name: StageId): number {
    const known = this.findStage(name);
    if (known !== undefined) return known;
    this.#connection.run('INSERT INTO stage (name) VALUES (?)', name);
    return this.findStage(name) as number;
  }

  stageIds(): readonly number[] {
    return this.#connection.all<[number]>('SELECT id FROM stage ORDER BY id').map(([id]) => id);
  }

  /** The shape of a list of signals, in the order of their names; a new one is written down. Inside a transaction. */
  shape(signals: Iterable<Signal>): Shape {
    const names = [...signals].sort();
    const text = JSON.stringify(names);
    const known = this.#shapes.get(text);
    if (known) return known;
    this.#connection.run('INSERT INTO shape (signals) VALUES (?) ON CONFLICT DO NOTHING', text);
    const [id] = this.#connection.get<[number]>('SELECT id FROM shape WHERE signals = ?', text) as [number];
    return this.#remember(id, names, text);
  }

  shapeById(id: number): Shape {
    const known = this.#shapesById.get(id);
    if (known) return known;
    const found = this.#connection.get<[string]>('SELECT signals FROM shape WHERE id = ?', id);
    if (!found) throw new Error(`samples of unknown shape ${id}`);
    return this.#remember(id, JSON.parse(found[0]), found[0]);
  }

  /** After a transaction that may have given out numbers was undone. */
  forget(): void {
    this.#stages.clear();
    this.#shapes.clear();
    this.#shapesById.clear();
  }

  #remember(id: number, signals: readonly Signal[], text: string): Shape {
    const shape = { id, signals };
    this.#shapes.set(text, shape);
    this.#shapesById.set(id, shape);
    return shape;
  }
}

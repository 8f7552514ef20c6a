import { IsolationForest, type TreeNode } from 'ml-isolation-forest';
import type { Random } from '../domain/ports.ts';
import { type Forest, forestIn, IS_LEAF, LEAF, MOST_ROWS } from './forest.ts';

/** Rows to grow a forest on, column by column; NaN where a number is missing. */
export interface TrainingTable {
  readonly rows: number;
  readonly columns: readonly Float32Array[];
}

export interface GrownForest {
  readonly forest: Forest;
  /** For each tree, the rows it was grown on. */
  readonly grownOn: readonly Uint16Array[];
}

/**
 * Grows `trees` isolation trees with `ml-isolation-forest`, each on `sample` rows drawn without replacement (all rows where there
 * are fewer), and lays them out for scoring. At most 65,535 rows, 32,767 of them for a tree, and 254 columns; every column should vary.
 *
 * The package draws from `Math.random` and cannot be seeded: who calls this puts a seeded one there for the time of the call
 * (`engine/jobs.ts`). It also does not draw samples, so every tree is trained by a forest of its own; it measures paths with a
 * wrong c(n) and keeps all training rows in the leaves, so only the splits are taken over. A split that parts nothing is passed
 * over. Missing numbers are drawn from those present in the column, so that missing is nothing special.
 * Cost: 100 trees of 256 rows and 8 columns about 30 ms, of 2,048 rows about 0.4 s.
 */
export function growForest(table: TrainingTable, trees: number, sample: number, random: Random): GrownForest {
  const filled = table.columns.map((column) => fill(column, random));
  const size = Math.min(sample, table.rows, MOST_ROWS);
  const order = Uint16Array.from({ length: table.rows }, (_, row) => row);
  const layout = new Layout();
  const grownOn: Uint16Array[] = [];
  for (let tree = 0; tree < trees; tree++) {
    shuffleFirst(order, size, random);
    const drawn = order.slice(0, size);
    const forest = new IsolationForest({ nEstimators: 1 });
    forest.train(Array.from(drawn, (row) => filled.map((column) => column[row] as number)));
    layout.add(forest.forest[0] as TreeNode);
    grownOn.push(drawn);
  }
  return { forest: layout.done(filled.length, size), grownOn };
}

/** The column with every missing number replaced by one that is there. */
function fill(column: Float32Array, random: Random): Float32Array {
  const present = column.filter((x) => !Number.isNaN(x));
  if (present.length === column.length) return column;
  return column.map((x) => (Number.isNaN(x) ? (present[Math.floor(random() * present.length)] ?? 0) : x));
}

/** Fisher and Yates's shuffle, stopped after `count`. */
function shuffleFirst(order: Uint16Array, count: number, random: Random): void {
  for (let place = 0; place < count; place++) {
    const other = place + Math.floor(random() * (order.length - place));
    const kept = order[place] as number;
    order[place] = order[other] as number;
    order[other] = kept;
  }
}

interface Inner {
  readonly left: TreeNode;
  readonly right: TreeNode;
  readonly splitColumn: number;
  readonly splitValue: number;
}

class Layout {
  readonly #roots: number[] = [];
  readonly #column: number[] = [];
  readonly #value: number[] = [];
  readonly #children: number[] = [];

  /** Breadth first, so that the first steps of a tree share cache lines. */
  add(tree: TreeNode): void {
    const sizes = new Map<TreeNode, number>();
    countRows(tree, sizes);
    const sizeOf = (node: TreeNode): number => sizes.get(node) ?? 0;
    this.#roots.push(this.#column.length);
    const queue: Inner[] = [];
    const childOf = (node: TreeNode): number => {
      const split = splitOf(node, sizeOf);
      if (!split) return IS_LEAF + sizeOf(node);
      queue.push(split);
      return queue.length - 1;
    };
    const whole = childOf(tree);
    if (whole >= IS_LEAF) this.#put(LEAF, 0, [whole, 0]);
    for (let at = 0; at < queue.length; at++) {
      const split = queue[at] as Inner;
      this.#put(split.splitColumn, split.splitValue, [childOf(split.left), childOf(split.right)]);
    }
  }

  done(columns: number, sample: number): Forest {
    const forest = forestIn({ columns, sample, trees: this.#roots.length, nodes: this.#column.length });
    forest.roots.set(this.#roots);
    forest.column.set(this.#column);
    forest.value.set(this.#value);
    forest.children.set(this.#children);
    return forest;
  }

  #put(column: number, value: number, children: readonly [number, number]): void {
    this.#column.push(column);
    this.#value.push(value);
    this.#children.push(...children);
  }
}

const innerOf = ({ left, right, splitColumn, splitValue }: TreeNode): Inner | undefined =>
  left && right && splitColumn !== undefined && splitValue !== undefined
    ? { left, right, splitColumn, splitValue }
    : undefined;

/** The first split at or below the node that parts its rows; the tree was grown with some that part nothing. */
function splitOf(node: TreeNode, sizeOf: (node: TreeNode) => number): Inner | undefined {
  for (let inner = innerOf(node); inner; ) {
    const [left, right] = [sizeOf(inner.left), sizeOf(inner.right)];
    if (left > 0 && right > 0) return inner;
    inner = innerOf(left > 0 ? inner.left : inner.right);
  }
  return undefined;
}

function countRows(node: TreeNode, sizes: Map<TreeNode, number>): number {
  const inner = innerOf(node);
  const size = inner ? countRows(inner.left, sizes) + countRows(inner.right, sizes) : (node.trainingSet?.length ?? 0);
  sizes.set(node, size);
  return size;
}

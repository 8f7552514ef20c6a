/** Stands in `Forest.column` for a tree that is nothing but its first child; so a forest has at most this many columns. */
export const LEAF = 255;
/** In `Forest.children`: what is below is a leaf, and the rest of the number says how many rows it holds. */
export const IS_LEAF = 0x8000;
/** A tree is grown on fewer rows than this. */
export const MOST_ROWS = IS_LEAF - 1;
const EULER = 0.577215664901532;

/**
 * Isolation trees laid out for scoring: the inner nodes of all trees behind each other, those of one tree breadth first. A row whose
 * number in `column` is below `value` goes to the first of the two children, another to the second. Leaves have no place of their
 * own: how long a path was is known at its end. 9 bytes a node in one piece of memory; as many leaves as nodes, and one, cost nothing.
 */
export interface Forest {
  /** Columns of a row. */
  readonly columns: number;
  /** Rows each tree was grown on. */
  readonly sample: number;
  /** Place of the root of each tree. */
  readonly roots: Uint32Array;
  readonly column: Uint8Array;
  readonly value: Float32Array;
  /** Two for each node: the place of a node, counted from the root of the tree, or `IS_LEAF` and the rows of the leaf. */
  readonly children: Uint16Array;
  /** What all of the arrays lie in. */
  readonly memory: ArrayBuffer;
}

export interface ForestSize {
  readonly columns: number;
  readonly sample: number;
  readonly trees: number;
  readonly nodes: number;
}

const BYTES = { tree: 4, node: 9 };

/**
 * The forest that lies in `memory`; a new one, all zero, where that is left out.
 *
 * @throws RangeError where the memory is of another size
 */
export function forestIn({ columns, sample, trees, nodes }: ForestSize, given?: ArrayBuffer): Forest {
  const bytes = BYTES.tree * trees + BYTES.node * nodes;
  if (given && given.byteLength !== bytes) throw new RangeError('a forest of another size');
  const memory = given ?? new ArrayBuffer(bytes);
  // Wide numbers first, so that each lies where it may.
  const [value, children, column] = [0, 4, 8].map((before) => 4 * trees + before * nodes);
  return {
    columns,
    sample,
    roots: new Uint32Array(memory, 0, trees),
    value: new Float32Array(memory, value, nodes),
    children: new Uint16Array(memory, children, 2 * nodes),
    column: new Uint8Array(memory, column, nodes),
    memory,
  };
}

/**
 * Mean length of an unsuccessful search in a binary search tree of `rows` keys, c(n): what a path is measured against.
 * 0 for fewer than two.
 *
 * Source: F. T. Liu, K. M. Ting, Z.-H. Zhou, "Isolation Forest", ICDM 2008, equation 1. `ml-isolation-forest` 0.1.0 forgets to
 * double Euler's constant (9.67 instead of 10.24 for 256 rows), which is one reason why its own scores are not used.
 */
export function averagePathLength(rows: number): number {
  if (rows < 2) return 0;
  if (rows === 2) return 1;
  return 2 * (Math.log(rows - 1) + EULER) - (2 * (rows - 1)) / rows;
}

/**
 * How strange a row is, in (0, 1): 2^(−mean path / c(n)). 0.5 is usual; near 1 it is isolated at once. Scores of two forests are
 * not comparable; calibrate before drawing a line. `row` has one number for each column, NaN where it is missing: a missing
 * number takes both ways, weighed by the rows that went there in training, and so says nothing.
 * Cost: trees × depth steps; with missing numbers up to the size of the forest. Beyond the range it was trained on it sees no
 * difference between far and farther.
 */
export function isolationScore(forest: Forest, row: Float32Array): number {
  const { roots } = forest;
  let sum = 0;
  if (isWhole(row)) sum = sumOfPaths(forest, row);
  else for (const root of roots) sum += meanPathLength(forest, root, root, 0, row);
  return 2 ** (-sum / roots.length / averagePathLength(forest.sample));
}

/** The same over chosen trees alone; NaN of none. `uses` says of each tree whether it takes part. */
export function isolationScoreOf(forest: Forest, row: Float32Array, uses: (tree: number) => boolean): number {
  const { roots } = forest;
  const whole = isWhole(row);
  let sum = 0;
  let count = 0;
  for (let tree = 0; tree < roots.length; tree++) {
    if (!uses(tree)) continue;
    const root = roots[tree] as number;
    sum += whole ? pathLength(forest, root, row) : meanPathLength(forest, root, root, 0, row);
    count++;
  }
  return 2 ** (-sum / count / averagePathLength(forest.sample));
}

function isWhole(row: Float32Array): boolean {
  for (let column = 0; column < row.length; column++) if (Number.isNaN(row[column])) return false;
  return true;
}

/** Lengths that are added to a path that ends among so many rows; as four bytes tell them apart. */
let lengths = new Float64Array(0);

function lengthsUpTo(rows: number): Float64Array {
  if (lengths.length <= rows) lengths = Float64Array.from({ length: rows + 1 }, (_, of) => averagePathLength(of));
  return lengths;
}

/** Where a row that has all its numbers goes from a node. A comparison made a number is no jump, of which every second is foreseen wrongly. */
const childOf = ({ column, value, children }: Forest, at: number, row: Float32Array): number =>
  children[2 * at + (Number((row[column[at] as number] as number) >= (value[at] as number)) | 0)] as number;

function pathLength(forest: Forest, root: number, row: Float32Array): number {
  const { column, children, sample } = forest;
  const beyond = lengthsUpTo(sample);
  let at = root;
  if (column[at] === LEAF) return Math.fround(beyond[(children[2 * at] as number) - IS_LEAF] as number);
  for (let depth = 1; ; depth++) {
    const child = childOf(forest, at, row);
    if (child >= IS_LEAF) return Math.fround(depth + (beyond[child - IS_LEAF] as number));
    at = root + child;
  }
}

/** Lengths of the paths through all trees, two side by side: while the next node of one is fetched, the other goes on. */
function sumOfPaths(forest: Forest, row: Float32Array): number {
  const { roots, column, sample } = forest;
  const beyond = lengthsUpTo(sample);
  let sum = 0;
  let tree = 0;
  for (; tree + 1 < roots.length; tree += 2) {
    const [first, second] = [roots[tree] as number, roots[tree + 1] as number];
    if (column[first] === LEAF || column[second] === LEAF) {
      sum += pathLength(forest, first, row);
      sum += pathLength(forest, second, row);
      continue;
    }
    let one = childOf(forest, first, row);
    let two = childOf(forest, second, row);
    let depth = 1;
    for (; (one | two) < IS_LEAF; depth++) {
      one = childOf(forest, first + one, row);
      two = childOf(forest, second + two, row);
    }
    let depthOfTwo = depth;
    for (; one < IS_LEAF; depth++) one = childOf(forest, first + one, row);
    for (; two < IS_LEAF; depthOfTwo++) two = childOf(forest, second + two, row);
    sum += Math.fround(depth + (beyond[one - IS_LEAF] as number));
    sum += Math.fround(depthOfTwo + (beyond[two - IS_LEAF] as number));
  }
  return tree < roots.length ? sum + pathLength(forest, roots[tree] as number, row) : sum;
}

/** How many training rows passed through each node, for forests that were asked about rows with missing numbers, or for reasons. */
const passed = new WeakMap<Forest, Uint16Array>();

export function rowsOfNodes(forest: Forest): Uint16Array {
  let rows = passed.get(forest);
  if (rows) return rows;
  const { roots, column, children } = forest;
  rows = new Uint16Array(column.length);
  for (let tree = roots.length - 1; tree >= 0; tree--) {
    const root = roots[tree] as number;
    // Children lie behind their parents.
    for (let at = (roots[tree + 1] ?? rows.length) - 1; at >= root; at--) {
      const [first, second] = [children[2 * at] as number, children[2 * at + 1] as number];
      rows[at] = rowsBelow(rows, root, first) + (column[at] === LEAF ? 0 : rowsBelow(rows, root, second));
    }
  }
  passed.set(forest, rows);
  return rows;
}

const rowsBelow = (rows: Uint16Array, root: number, child: number): number =>
  child >= IS_LEAF ? child - IS_LEAF : (rows[root + child] as number);

function meanPathLength(forest: Forest, root: number, at: number, depth: number, row: Float32Array): number {
  const { column, value, children, sample } = forest;
  const beyond = lengthsUpTo(sample);
  const split = column[at] as number;
  if (split === LEAF) return Math.fround(depth + (beyond[(children[2 * at] as number) - IS_LEAF] as number));
  const below = (right: 0 | 1): number => {
    const child = children[2 * at + right] as number;
    if (child >= IS_LEAF) return Math.fround(depth + 1 + (beyond[child - IS_LEAF] as number));
    return meanPathLength(forest, root, root + child, depth + 1, row);
  };
  const x = row[split] as number;
  if (!Number.isNaN(x)) return below(x < (value[at] as number) ? 0 : 1);
  const rows = rowsOfNodes(forest);
  const share = rowsBelow(rows, root, children[2 * at] as number) / (rows[at] as number);
  return share * below(0) + (1 - share) * below(1);
}

/**
 * How much each column did to isolate the row: at every split that sent the row to fewer than half of the rows, the bits by which
 * it is rarer than a half. Not normalised; all zero where the row went with the many everywhere. Missing columns have 0.
 * Cost: as `isolationScore`.
 */
export function isolationGains(forest: Forest, row: Float32Array): Float64Array {
  const { roots, column, value, children } = forest;
  const rows = rowsOfNodes(forest);
  const gains = new Float64Array(forest.columns);
  for (const root of roots) {
    let child = 0;
    for (let at = root; child < IS_LEAF && column[at] !== LEAF; at = root + child) {
      const split = column[at] as number;
      const [left, right] = [children[2 * at] as number, children[2 * at + 1] as number];
      const x = row[split] as number;
      // A missing number goes with the many.
      const goesLeft = Number.isNaN(x)
        ? rowsBelow(rows, root, left) >= rowsBelow(rows, root, right)
        : x < (value[at] as number);
      child = goesLeft ? left : right;
      const bits = Math.log2((rows[at] as number) / rowsBelow(rows, root, child)) - 1;
      if (bits > 0 && !Number.isNaN(x)) gains[split] = (gains[split] as number) + bits;
    }
  }
  return gains;
}

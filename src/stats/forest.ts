/** Marks a leaf in `Forest.column`; so a forest has at most this many columns. */
export const LEAF = 255;
const EULER = 0.577215664901532;

/**
 * Isolation trees laid out for scoring: the nodes of all trees behind each other, siblings beside each other. At an inner node
 * `value` is the split and a row below it goes to `child`, another to `child + 1`; at a leaf it is the length of the whole path.
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
  /** Place of the left child, counted from the root of the tree. */
  readonly child: Uint16Array;
  /** Training rows that passed through the node. */
  readonly rows: Uint16Array;
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
  const whole = !row.some(Number.isNaN);
  let sum = 0;
  for (let tree = 0; tree < roots.length; tree++) {
    const root = roots[tree] as number;
    sum += whole ? pathLength(forest, root, row) : meanPathLength(forest, root, 0, row);
  }
  return 2 ** (-sum / roots.length / averagePathLength(forest.sample));
}

/** The same over chosen trees alone; NaN of none. `uses` says of each tree whether it takes part. */
export function isolationScoreOf(forest: Forest, row: Float32Array, uses: (tree: number) => boolean): number {
  let sum = 0;
  let count = 0;
  forest.roots.forEach((root, tree) => {
    if (!uses(tree)) return;
    sum += meanPathLength(forest, root, 0, row);
    count++;
  });
  return 2 ** (-sum / count / averagePathLength(forest.sample));
}

function pathLength({ column, value, child }: Forest, root: number, row: Float32Array): number {
  let at = root;
  for (let split = column[at] as number; split !== LEAF; split = column[at] as number) {
    const right = (row[split] as number) < (value[at] as number) ? 0 : 1;
    at = root + (child[at] as number) + right;
  }
  return value[at] as number;
}

function meanPathLength(forest: Forest, root: number, node: number, row: Float32Array): number {
  const { column, value, child, rows } = forest;
  const at = root + node;
  const split = column[at] as number;
  if (split === LEAF) return value[at] as number;
  const left = child[at] as number;
  const x = row[split] as number;
  if (!Number.isNaN(x)) return meanPathLength(forest, root, x < (value[at] as number) ? left : left + 1, row);
  const share = (rows[root + left] as number) / (rows[at] as number);
  return share * meanPathLength(forest, root, left, row) + (1 - share) * meanPathLength(forest, root, left + 1, row);
}

/**
 * How much each column did to isolate the row: at every split that sent the row to fewer than half of the rows, the bits by which
 * it is rarer than a half. Not normalised; all zero where the row went with the many everywhere. Missing columns have 0.
 * Cost: as `isolationScore`.
 */
export function isolationGains(forest: Forest, row: Float32Array): Float64Array {
  const { roots, column, value, child, rows } = forest;
  const gains = new Float64Array(forest.columns);
  for (const root of roots) {
    let at = root;
    for (let split = column[at] as number; split !== LEAF; split = column[at] as number) {
      const left = root + (child[at] as number);
      const x = row[split] as number;
      // A missing number goes with the many.
      const goesLeft = Number.isNaN(x)
        ? (rows[left] as number) >= (rows[left + 1] as number)
        : x < (value[at] as number);
      const next = goesLeft ? left : left + 1;
      const bits = Math.log2((rows[at] as number) / (rows[next] as number)) - 1;
      if (bits > 0 && !Number.isNaN(x)) gains[split] = (gains[split] as number) + bits;
      at = next;
    }
  }
  return gains;
}

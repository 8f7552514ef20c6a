/** The part of `ml-isolation-forest` 0.1.0 that we use; the package brings no types of its own. */
declare module 'ml-isolation-forest' {
  /** A node as training leaves it: an inner node has both children, a leaf has the rows that ended there. */
  export interface TreeNode {
    readonly left?: TreeNode;
    readonly right?: TreeNode;
    readonly splitColumn?: number;
    readonly splitValue?: number;
    readonly trainingSet?: readonly unknown[];
  }
  export class IsolationForest {
    constructor(options?: { readonly nEstimators?: number });
    /** Grows `nEstimators` trees on all rows, drawing from `Math.random`. */
    train(trainingSet: readonly (readonly number[])[]): void;
    readonly forest: readonly TreeNode[];
  }
}

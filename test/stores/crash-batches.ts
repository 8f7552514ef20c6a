/** A batch drops the one written this many batches before. */
export const KEPT_BATCHES = 20;

/** The outbox items of the n-th batch. */
export const batchIds = (n: number): readonly string[] => ['a', 'b', 'c'].map((part) => `${n}/${part}`);

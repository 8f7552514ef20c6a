/**
 * A queue that gives what is due first, first: a binary heap. Equal times come out in any order.
 * `push` and `pop` cost O(log n), `first` nothing.
 */
export class DueQueue<T> {
  readonly #heap: { readonly due: number; readonly item: T }[] = [];

  get first(): { readonly due: number; readonly item: T } | undefined {
    return this.#heap[0];
  }

  push(due: number, item: T): void {
    const heap = this.#heap;
    let at = heap.length;
    while (at > 0) {
      const above = (at - 1) >> 1;
      const parent = heap[above] as { due: number; item: T };
      if (parent.due <= due) break;
      heap[at] = parent;
      at = above;
    }
    heap[at] = { due, item };
  }

  pop(): T | undefined {
    const heap = this.#heap;
    const first = heap[0];
    const last = heap.pop();
    if (!first || !last || heap.length === 0) return first?.item;
    let at = 0;
    for (;;) {
      const left = 2 * at + 1;
      const right = heap[left + 1];
      const below = right && right.due < (heap[left]?.due ?? 0) ? left + 1 : left;
      const child = heap[below];
      if (!child || child.due >= last.due) break;
      heap[at] = child;
      at = below;
    }
    heap[at] = last;
    return first.item;
  }

  clear(): void {
    this.#heap.length = 0;
  }
}

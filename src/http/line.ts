// Things in the order in which they came, of which any may leave at any time. A Set does the same,
// but each time its table is full it makes another, to which the old one points: in masses such a
// chain keeps what has left alive until the whole heap is collected.

/** What stands in a line, in one at a time. */
export interface InLine<T extends InLine<T>> {
  line: Line<T> | null;
  before: T | null;
  after: T | null;
}

/** Where something stands that is in no line. */
export const NOWHERE = { line: null, before: null, after: null } as const;

/** A line; the one that has waited longest is the first. */
export class Line<T extends InLine<T>> {
  #first: T | null = null;
  #last: T | null = null;
  #size = 0;

  /** How many stand in it. */
  get size(): number {
    return this.#size;
  }

  /** The one that has waited longest. */
  get first(): T | null {
    return this.#first;
  }

  /** Whether it stands in this line. */
  has(one: T): boolean {
    return one.line === this;
  }

  /** Puts one that stands in no line at the end. */
  add(one: T): void {
    one.line = this;
    one.before = this.#last;
    if (this.#last) this.#last.after = one;
    else this.#first = one;
    this.#last = one;
    this.#size++;
  }

  /** Takes one out; false where it stands elsewhere or nowhere. */
  delete(one: T): boolean {
    if (one.line !== this) return false;
    const { before, after } = one;
    if (before) before.after = after;
    else this.#first = after;
    if (after) after.before = before;
    else this.#last = before;
    one.line = one.before = one.after = null;
    this.#size--;
    return true;
  }

  /** All that stand in it now, in order. */
  list(): T[] {
    const all: T[] = [];
    for (let one = this.#first; one !== null; one = one.after) all.push(one);
    return all;
  }
}

/** First in, first out. Costs the same for every item, however many wait: `Array.shift` moves them all. */
export class Queue<T> {
  #items: T[] = [];
  #taken = 0;

  get length(): number {
    return this.#items.length - this.#taken;
  }

  push(item: T): void {
    this.#items.push(item);
  }

  /** The oldest item. There must be one: ask `length`. */
  shift(): T {
    const item = this.#items[this.#taken] as T;
    this.#taken += 1;
    if (this.#taken > 100 && this.#taken * 2 > this.#items.length) {
      this.#items = this.#items.slice(this.#taken);
      this.#taken = 0;
    }
    return item;
  }

  clear(): void {
    this.#items = [];
    this.#taken = 0;
  }
}

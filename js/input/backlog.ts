import type { Message } from "./message.ts";

/** What is kept here for a listener, in messages and in characters of JSON; what is beyond it waits on the server. */
const MAX_MESSAGES = 1_000;
const MAX_CHARACTERS = 1024 * 1024;

/** The messages that nobody has taken yet, and up to which position everything was. */
export class Backlog {
  /** Everything up to here was taken. */
  position: string | undefined;
  #kept: Message[] = [];
  #characters = 0;
  /** What was taken ahead of its turn. */
  readonly #ahead = new Set<string>();

  get length(): number {
    return this.#kept.length;
  }

  get isFull(): boolean {
    return this.#kept.length >= MAX_MESSAGES || this.#characters > MAX_CHARACTERS;
  }

  at(index: number): Message | undefined {
    return this.#kept.at(index);
  }

  keep(message: Message): void {
    this.#kept.push(message);
    this.#characters += message.text?.length ?? 0;
  }

  /** The oldest. */
  take(): Message | undefined {
    const message = this.#kept.shift();
    if (!message) return undefined;
    this.#characters -= message.text?.length ?? 0;
    this.#advance(message.id);
    return message;
  }

  /** The message at `id` needs no keeping. One behind what is kept is passed when it is read again. */
  pass(id: string): void {
    if (this.#kept.length === 0) this.#advance(id);
  }

  /** The message at `id` was taken before others that came earlier. */
  takeAhead(id: string): void {
    this.#ahead.add(id);
  }

  isAhead(id: string): boolean {
    return this.#ahead.has(id);
  }

  /** Forgets what is kept: it is read again behind `position`. */
  clear(): void {
    this.#kept = [];
    this.#characters = 0;
  }

  #advance(id: string): void {
    this.position = id;
    this.#ahead.delete(id);
    for (let next = after(id); next !== undefined && this.#ahead.delete(next); next = after(next)) this.position = next;
  }
}

/** The position behind a v2 one. */
export function after(position: string | undefined): string | undefined {
  if (position === undefined) return "0";
  return /^\d+$/.test(position) ? String(Number(position) + 1) : undefined;
}

import { setTimeout as sleep } from "node:timers/promises";
import { type ServerProcess, startDevProcess, startS2 } from "./processes.ts";

/** S2 on a directory and the dev server in front of it, at addresses that stay while the processes come and go. */
export class Killer {
  readonly killed = { s2: 0, devServer: 0 };
  readonly #dir: string;
  readonly #random: () => number;
  #s2: ServerProcess;
  #devServer: ServerProcess;

  static async start(dir: string, seed: number): Promise<Killer> {
    const s2 = await startS2({ dir });
    return new Killer(dir, seed, s2, await startDevProcess(s2));
  }

  private constructor(dir: string, seed: number, s2: ServerProcess, devServer: ServerProcess) {
    this.#dir = dir;
    this.#random = randomFrom(seed);
    this.#s2 = s2;
    this.#devServer = devServer;
  }

  get url(): string {
    return this.#devServer.url;
  }

  get s2Url(): string {
    return this.#s2.url;
  }

  /** So many SIGKILLs, each some milliseconds after its share of the work is `due`; each server is back a little later. */
  async kill(times: number, due: (share: number) => Promise<void>): Promise<void> {
    for (let nth = 1; nth <= times; nth++) {
      await due(nth / (times + 1));
      await sleep(this.#random() * 100);
      const [isS2, isBoth] = [this.#random() < 0.5, this.#random() < 0.2 && nth < times];
      if (isBoth) nth++;
      await Promise.all([(isS2 || isBoth) && this.#restartS2(), (!isS2 || isBoth) && this.#restartDevServer()]);
    }
  }

  async stop(): Promise<void> {
    await Promise.all([this.#s2.kill(), this.#devServer.kill()]);
  }

  async #restartS2(): Promise<void> {
    const awayMs = this.#random() * 300;
    this.killed.s2++;
    await this.#s2.kill();
    await sleep(awayMs);
    this.#s2 = await startS2({ dir: this.#dir, port: this.#s2.port });
  }

  async #restartDevServer(): Promise<void> {
    const awayMs = this.#random() * 300;
    this.killed.devServer++;
    await this.#devServer.kill();
    await sleep(awayMs);
    this.#devServer = await startDevProcess(this.#s2, this.#devServer.port);
  }
}

/** mulberry32: numbers from 0 to 1, the same for the same seed. */
function randomFrom(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296;
  };
}

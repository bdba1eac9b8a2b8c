/**
 * Clients of every member at once, also of those that a partition has cut off, and what they saw.
 */
import { setTimeout as pause } from "node:timers/promises";
import { until } from "../../scripts/lib/until.mjs";
import { MemberError, type MemberProcess } from "./member-process.ts";
import type { Read, Write } from "./promises.ts";

const WRITERS_PER_MEMBER = 4;
/** A client that was refused asks again so much later. */
const PAUSE_MS = 50;

export class Clients {
  readonly writes: Write[] = [];
  readonly reads: Read[] = [];
  #working: Promise<unknown> | undefined;
  #stopping = false;
  #texts = 0;

  /** Writes and reads at every member until `stop`. */
  start(members: readonly MemberProcess[]): void {
    this.#stopping = false;
    const loops = members.flatMap((member) => [
      ...Array.from({ length: WRITERS_PER_MEMBER }, () => this.#repeat(() => this.write(member))),
      this.#repeat(() => this.read(member, false)),
      this.#repeat(() => this.read(member, true)),
    ]);
    this.#working = Promise.all(loops);
  }

  /** Resolves when every call has been answered. */
  async stop(): Promise<void> {
    this.#stopping = true;
    await this.#working;
  }

  /** Proposes a line of its own; resolves with its index or the error's code. */
  async write(member: MemberProcess, text = `line-${++this.#texts}`): Promise<number | string> {
    const startedAt = performance.now();
    const outcome = await orCode(member.propose(text));
    this.writes.push({ text, startedAt, endedAt: performance.now(), outcome });
    return outcome;
  }

  /** Resolves with the index seen, or the error's code. */
  async read(member: MemberProcess, forward: boolean): Promise<number | string> {
    const startedAt = performance.now();
    const seen = await orCode(member.read(forward));
    if (typeof seen === "number") this.reads.push({ startedAt, endedAt: performance.now(), seen });
    return seen;
  }

  /** From the start of each acknowledged write to its answer, in ms. */
  latenciesMs(): number[] {
    return this.#acknowledged().map(({ startedAt, endedAt }) => endedAt - startedAt);
  }

  /** Resolves once so many more writes and reads, begun from now on, have been answered. */
  async succeed(count: number): Promise<void> {
    const now = performance.now();
    const since = (calls: readonly { startedAt: number }[]): number =>
      calls.filter(({ startedAt }) => startedAt > now).length;
    await until(
      `${count} more writes and reads`,
      () => Math.min(since(this.#acknowledged()), since(this.reads)) >= count,
      {
        everyMs: 50,
      },
    );
  }

  #acknowledged(): Write[] {
    return this.writes.filter(({ outcome }) => typeof outcome === "number");
  }

  async #repeat(action: () => Promise<number | string>): Promise<void> {
    while (!this.#stopping) if (typeof (await action()) === "string") await pause(PAUSE_MS);
  }
}

async function orCode(answer: Promise<number>): Promise<number | string> {
  try {
    return await answer;
  } catch (error) {
    if (error instanceof MemberError && error.code !== "ENDED" && error.code !== "UNEXPECTED")
      return error.code;
    throw error;
  }
}

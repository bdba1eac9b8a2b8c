import { expect, test } from "@jest/globals";
import { Pace } from "../src/pace.ts";

/** Time that a test moves. */
class Timers {
  #due: { atMs: number; callback: () => void }[] = [];
  nowMs = 0;

  readonly after = (delayMs: number, callback: () => void): (() => void) => {
    const timer = { atMs: this.nowMs + delayMs, callback };
    this.#due.push(timer);
    return () => void (this.#due = this.#due.filter((other) => other !== timer));
  };

  get pending(): number {
    return this.#due.length;
  }

  async next(): Promise<void> {
    const [timer] = this.#due;
    if (!timer) throw new Error("nobody waits");
    this.nowMs = timer.atMs;
    timer.callback();
    await new Promise((resolve) => setImmediate(resolve));
  }
}

test("bytes go at the rate given, in small steps", async () => {
  const timers = new Timers();
  const pace = new Pace(1_000_000, timers.after, new AbortController().signal);
  let sentBytes = 0;
  const sending = (async () => {
    for (; sentBytes < 1_000_000; sentBytes += 5_000) await pace.take(5_000);
  })();
  const sentAt: number[] = [];
  while (timers.pending > 0 || sentBytes === 0) {
    if (timers.pending > 0) await timers.next();
    else await new Promise((resolve) => setImmediate(resolve));
    sentAt.push(sentBytes);
  }
  await sending;
  expect(timers.nowMs).toBe(990);
  for (const [step, bytes] of sentAt.entries()) expect(bytes).toBeLessThanOrEqual((step + 2) * 10_000);
});

test("a piece larger than a step goes at once, and is waited for afterwards", async () => {
  const timers = new Timers();
  const pace = new Pace(1_000, timers.after, new AbortController().signal);
  await pace.take(100);
  const next = pace.take(1);
  while (timers.pending > 0) await timers.next();
  await next;
  expect(timers.nowMs).toBe(100);
});

test("a wait ends, and leaves no timer, when it is called off", async () => {
  const timers = new Timers();
  const aborter = new AbortController();
  const pace = new Pace(1_000, timers.after, aborter.signal);
  await pace.take(50);
  const waiting = pace.take(1);
  aborter.abort();
  await waiting;
  expect(timers.pending).toBe(0);
});

test("a long wait that is called off is over at once, however many steps it had left", async () => {
  const aborter = new AbortController();
  const pace = new Pace(1_000, new Timers().after, aborter.signal);
  await pace.take(65_536);
  let isOver = false;
  const waiting = pace.take(1).then(() => (isOver = true));
  aborter.abort();
  for (let turn = 0; turn < 10; turn++) await Promise.resolve();
  expect(isOver).toBe(true);
  await waiting;
});

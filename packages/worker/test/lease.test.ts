import { expect, test } from "@jest/globals";
import { Lease } from "../src/lease.ts";
import { HandClock } from "./hand-clock.ts";

function setUp(): { clock: HandClock; lease: Lease; log: string[] } {
  const clock = new HandClock();
  const lease = new Lease(clock);
  const log: string[] = [];
  lease.onLost(() => log.push(`lost@${clock.nowMs}`));
  lease.onHeld(() => log.push(`held@${clock.nowMs}`));
  return { clock, lease, log };
}

test("there is no lease before the first grant", () => {
  expect(setUp().lease.held).toBe(false);
});

test("the lease runs from the sending of the request, not from the answer (G12)", () => {
  const { clock, lease, log } = setUp();
  const sentAtMs = clock.nowMs;
  clock.advance(4_000);
  lease.renewed(sentAtMs, 5_000);
  expect(lease.remainingMs()).toBe(1_000);
  clock.advance(1_000);
  expect(lease.held).toBe(false);
  expect(log).toEqual(["held@5000", "lost@6000"]);
});

test("an answer that comes after the lease it grants has ended grants nothing", () => {
  const { clock, lease, log } = setUp();
  const sentAtMs = clock.nowMs;
  clock.advance(6_000);
  lease.renewed(sentAtMs, 5_000);
  expect(lease.held).toBe(false);
  expect(log).toEqual([]);
});

test("an older grant that arrives late never shortens the lease", () => {
  const { clock, lease } = setUp();
  lease.renewed(clock.nowMs, 5_000);
  lease.renewed(clock.nowMs - 500, 5_000);
  expect(lease.remainingMs()).toBe(5_000);
});

test("a suspended machine wakes without a lease", () => {
  const { clock, lease } = setUp();
  lease.renewed(clock.nowMs, 5_000);
  clock.suspend(3_600_000);
  expect(lease.held).toBe(false);
});

test("a renewal keeps it, its loss and return are told once each", () => {
  const { clock, lease, log } = setUp();
  lease.renewed(clock.nowMs, 5_000);
  clock.advance(3_000);
  lease.renewed(clock.nowMs, 5_000);
  clock.advance(4_999);
  expect(lease.held).toBe(true);
  clock.advance(1);
  lease.renewed(clock.nowMs, 5_000);
  expect(log).toEqual(["held@1000", "lost@9000", "held@9000"]);
});

test("closing leaves no timer", () => {
  const { clock, lease } = setUp();
  lease.renewed(clock.nowMs, 5_000);
  lease.close();
  expect(clock.pending).toBe(0);
});

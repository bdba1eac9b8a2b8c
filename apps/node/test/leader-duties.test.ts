import { expect, test } from "@jest/globals";
import type { Scheduler } from "@coxswain/scheduler";
import { RegisterNode } from "@coxswain/state-machine";
import { LeaderDuties } from "../src/leader-duties.ts";
import type { RaftProposer } from "../src/proposer.ts";

function setUp(options: { quorum?: () => Promise<void>; result?: unknown } = {}) {
  const order: string[] = [];
  const read = async (): Promise<void> => {
    order.push("quorum asked");
    await options.quorum?.();
    order.push("quorum confirmed");
  };
  const scheduler = {
    heartbeat: () => {
      order.push("granted");
      return { granted: true, leaseMs: 5_000 };
    },
  } as unknown as Scheduler;
  const proposer = {
    propose: async ({ $case }: { $case: string }) => {
      order.push($case);
      return options.result ?? { kind: "reported" };
    },
  } as unknown as RaftProposer;
  return { order, duties: new LeaderDuties({ linearizableRead: read }, proposer, scheduler) };
}

const HEARTBEAT = { nodeId: 2, incarnation: 1, timeMs: 0, leaving: false };

test("a lease is granted only after the quorum was confirmed since the request arrived (G12)", async () => {
  const { order, duties } = setUp();
  expect(await duties.heartbeat(HEARTBEAT)).toMatchObject({ leaseMs: 5_000 });
  expect(order).toEqual(["quorum asked", "quorum confirmed", "granted"]);
});

test("a leader that was deposed unknowingly grants nothing (G12)", async () => {
  const { order, duties } = setUp({ quorum: () => Promise.reject(new Error("no quorum")) });
  await expect(duties.heartbeat(HEARTBEAT)).rejects.toThrow("no quorum");
  expect(order).not.toContain("granted");
});

test("a registration that apply refuses keeps its code, by which the node knows what to do", async () => {
  const error = { code: "STALE_INCARNATION", category: "conflict", message: "Register with a higher one." };
  const { duties } = setUp({ result: { error } });
  await expect(duties.registerNode(RegisterNode.fromPartial({ nodeId: 2 }))).rejects.toMatchObject(error);
});

test("results are proposed as one command", async () => {
  const { order, duties } = setUp();
  await duties.reportAttempts([]);
  expect(order).toEqual(["reportAttempts"]);
});

import { expect, test } from "@jest/globals";
import {
  DEFAULT_SETTINGS,
  ManualClock,
  type RaftNodeOptions,
  type RaftNodeSettings,
} from "../../src/index.ts";
import { resolveOptions } from "../../src/node/options.ts";
import { raftConfigOf } from "../../src/node/raft-config.ts";
import { Cluster, rejection } from "./cluster.ts";

test.each<[string, Partial<RaftNodeSettings>]>([
  ["maxInflightProposals", { maxInflightProposals: 0 }],
  ["maxPendingWrites", { maxPendingWrites: 1.5 }],
  ["systemShare", { systemShare: 1 }],
  ["logTailShare", { logTailShare: -0.1 }],
  ["tickMs", { tickMs: 0 }],
  ["tickMs", { tickMs: 1.9, leaseReads: true }],
  ["maxUncommittedBytes", { maxUncommittedBytes: 1_000, maxProposalBytes: 1_000 }],
  ["logHardBytes", { logHardBytes: 1_000 }],
  ["logHardEntries", { logHardEntries: 1_000 }],
])("an unworkable %s is refused by name, and nothing is started", async (name, settings) => {
  const cluster = new Cluster(1);
  const error = await rejection(cluster.start(1, settings));
  expect(error).toMatchObject({
    code: "INVALID_OPTION",
    category: "invalid",
    message: expect.stringContaining(name),
  });
  expect(cluster.clock.pendingTimers).toBe(0);
});

test("a bootstrap without voters is refused", () => {
  const bootstrap = { voters: [], votersOutgoing: [], learners: [] };
  expect(() => resolveOptions({ bootstrap } as unknown as RaftNodeOptions<string>)).toThrow(
    "bootstrap names no voters",
  );
});

test("milliseconds become ticks", () => {
  const config = raftConfigOf({ ...DEFAULT_SETTINGS, id: 3, clock: new ManualClock() }, 17);
  expect(config).toMatchObject({
    id: 3,
    electionTicks: 15,
    electionTicksMax: 30,
    heartbeatTicks: 5,
    appliedIndex: 17,
  });
  const fast = raftConfigOf({ ...DEFAULT_SETTINGS, heartbeatMs: 1, id: 3, clock: new ManualClock() }, 0);
  expect(fast.heartbeatTicks).toBe(1);
});

test("a lease ends before the voters' promise does, whoever's clock is fast and wherever in a tick it was given", () => {
  const clock = new ManualClock();
  const settings = { ...DEFAULT_SETTINGS, id: 3, clock };
  expect(raftConfigOf(settings, 0).lease).toBeUndefined();
  const { lease } = raftConfigOf({ ...settings, leaseReads: true, maxClockDrift: 0.1 }, 0);
  expect(lease?.duration).toBe(117); // 15 ticks of 10 ms, less 2, less a tenth
  expect(lease?.now()).toBe(clock.now());
});

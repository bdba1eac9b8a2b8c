import { describe, expect, test } from "@jest/globals";
import { setCommand } from "../../src/index.ts";
import { Cluster, type Place, rejection } from "./cluster.ts";

describe("transferLeadership", () => {
  test("hands over to the node named and resolves with it", async () => {
    const { cluster, leader } = await Cluster.led(3);
    const [target] = cluster.others(leader) as [Place, Place];
    expect(await cluster.result(leader.node.transferLeadership(target.id), 300)).toBe(target.id);
    expect((await cluster.leader()).id).toBe(target.id);
    await cluster.stop();
  });

  test("without a name chooses a voter that lacks least", async () => {
    const { cluster, leader } = await Cluster.led(3);
    const [behind, caughtUp] = cluster.others(leader) as [Place, Place];
    cluster.network.isolate(behind.id);
    await cluster.result(leader.node.propose(setCommand("a", "1")));
    expect(await cluster.result(leader.node.transferLeadership())).toBe(caughtUp.id);
    await cluster.stop();
  });

  test("is refused on a follower, and for a node without a vote", async () => {
    const { cluster, leader } = await Cluster.led(3);
    await cluster.clock.advance(100);
    const [follower] = cluster.others(leader) as [Place, Place];
    expect(await rejection(follower.node.transferLeadership())).toMatchObject({
      code: "NOT_LEADER",
      leader: leader.id,
    });
    expect(await rejection(leader.node.transferLeadership(9))).toMatchObject({
      code: "TRANSFER_TARGET_INVALID",
      category: "invalid",
    });
    expect(await leader.node.transferLeadership(leader.id)).toBe(leader.id);
    await cluster.stop();
  });

  test("scenario 20: to a node that does not answer fails in time, and writes that waited go on", async () => {
    const { cluster, leader } = await Cluster.led(3);
    const [target] = cluster.others(leader) as [Place, Place];
    cluster.network.isolate(target.id);
    const transfer = rejection(leader.node.transferLeadership(target.id));
    const write = leader.node.propose(setCommand("a", "1"));
    expect(await cluster.result(transfer, 1_000)).toMatchObject({
      code: "TRANSFER_FAILED",
      category: "unavailable",
    });
    expect(await cluster.result(write, 100)).toBeUndefined();
    expect(leader.node.status()).toMatchObject({ role: "leader", leaderReady: true });
    await cluster.stop();
  });

  test("ends writes that waited for it as never proposed", async () => {
    const { cluster, leader } = await Cluster.led(3);
    const [target] = cluster.others(leader) as [Place, Place];
    const transfer = leader.node.transferLeadership(target.id);
    const write = rejection(leader.node.propose(setCommand("a", "1")));
    expect(await cluster.result(transfer)).toBe(target.id);
    expect(await write).toMatchObject({ code: "NOT_LEADER" });
    await cluster.stop();
  });

  test("has no target when nobody else was heard from", async () => {
    const { cluster, leader } = await Cluster.led(1);
    expect(await rejection(leader.node.transferLeadership())).toMatchObject({ code: "TRANSFER_FAILED" });
    await cluster.stop();
  });

  test("leaves no timer behind", async () => {
    const { cluster, leader } = await Cluster.led(3);
    const before = cluster.clock.pendingTimers;
    await cluster.result(leader.node.transferLeadership());
    expect(cluster.clock.pendingTimers).toBe(before);
    await cluster.stop();
  });
});

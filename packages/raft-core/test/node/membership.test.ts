import { describe, expect, test } from "@jest/globals";
import {
  type ConfChange,
  encodeConfiguration,
  type Entry,
  type Message,
  type ProposeOutcome,
  setCommand,
} from "../../src/index.ts";
import { decodeConfiguration } from "../../src/core/configuration.ts";
import { MembershipChanges } from "../../src/node/membership.ts";
import { Cluster, type Place, rejection } from "./cluster.ts";

function voting(...voters: number[]): { voters: number[]; votersOutgoing: number[]; learners: number[] } {
  return { voters, votersOutgoing: [], learners: [] };
}

describe("changeMembership", () => {
  test("grows a cluster from one node to three without a pause, and replaces it whole in one change", async () => {
    const { cluster, leader } = await Cluster.led(5, {}, 1);
    const { node } = leader;
    for (const id of [2, 3, 4, 5]) {
      await cluster.result(node.changeMembership({ type: "addLearner", node: id }));
      await cluster.until(() => isCaughtUp(leader, id), `node ${id} has caught up`);
    }
    await cluster.result(node.changeMembership({ type: "promoteLearner", node: 2 }));
    await cluster.result(node.changeMembership({ type: "promoteLearner", node: 3 }));
    expect(node.status().configuration).toEqual({ ...voting(1, 2, 3), learners: [4, 5] });
    await cluster.result(node.propose(setCommand("a", "1")));
    await cluster.result(
      node.changeMembership({
        type: "joint",
        changes: [
          { type: "promoteLearner", node: 4 },
          { type: "promoteLearner", node: 5 },
          { type: "removeNode", node: 2 },
          { type: "removeNode", node: 3 },
        ],
      }),
    );
    expect(node.status()).toMatchObject({ configuration: voting(1, 4, 5), isChangingMembership: false });
    for (const id of [2, 3]) {
      await cluster.clock.advance(50);
      await cluster.crash(cluster.place(id));
    }
    await cluster.result(node.propose(setCommand("a", "2")));
    await cluster.converge();
    expect(cluster.place(5).stateMachine.get("a")).toBe("2");
    await cluster.stop();
  });

  test("removes the leader itself, which resolves before it steps down for good", async () => {
    const { cluster, leader } = await Cluster.led(3);
    await cluster.clock.advance(100);
    await cluster.result(leader.node.changeMembership({ type: "removeNode", node: leader.id }), 200);
    const next = await cluster.leader();
    expect(next).not.toBe(leader);
    expect(next.node.status().configuration.voters).not.toContain(leader.id);
    await cluster.clock.advance(2_000);
    expect(leader.node.status()).toMatchObject({ role: "follower", leaderReady: false });
    expect(leader.eventsOf("leadershipLost")).toHaveLength(1);
    await cluster.result(next.node.propose(setCommand("a", "1")));
    await cluster.stop();
  });

  test("ends as unknown at a leader that removes itself, and is deposed before the joint configuration is left", async () => {
    const { cluster, leader } = await Cluster.led(4, {}, 3);
    const { node } = leader;
    await cluster.result(node.changeMembership({ type: "addLearner", node: 4 }));
    await cluster.until(() => isCaughtUp(leader, 4), "node 4 has caught up");
    cluster.network.allow((message) => message.from !== leader.id || !leavesJoint(message));
    const changes = [
      { type: "promoteLearner", node: 4 },
      { type: "removeNode", node: leader.id },
    ] as const;
    const change = rejection(node.changeMembership({ type: "joint", changes }));
    await cluster.until(() => isWithout(leader, leader), "the leader has left the joint configuration");
    cluster.network.isolate(leader.id);
    expect(await cluster.result(change, 1_000)).toMatchObject({ code: "PROPOSAL_OUTCOME_UNKNOWN" });
    cluster.network.heal();
    const next = await cluster.leader();
    await cluster.until(() => isWithout(next, leader), "the next leader has left it");
    await cluster.stop();
  });

  test("promotes learners by itself when told so, with each step told as an event", async () => {
    const { cluster, leader } = await Cluster.led(2, { promoteLearners: true }, 1);
    await cluster.result(leader.node.changeMembership({ type: "addLearner", node: 2 }));
    await cluster.until(() => leader.node.status().configuration.voters.length === 2, "node 2 votes");
    const told = leader.eventsOf("membershipChanged").map(({ configuration }) => configuration);
    expect(told).toEqual([{ ...voting(1), learners: [2] }, voting(1, 2)]);
    await cluster.stop();
  });

  test("survives a restart, and a compaction that leaves the change in the log's tail", async () => {
    const settings = { logMaxEntries: 20, logTailShare: 0.5 };
    const { cluster, leader } = await Cluster.led(2, settings, 1);
    for (let i = 0; i < 15; i++) await cluster.result(leader.node.propose(setCommand("a", String(i))));
    await cluster.result(leader.node.changeMembership({ type: "addLearner", node: 2 }));
    for (let i = 0; i < 5; i++) await cluster.result(leader.node.propose(setCommand("b", String(i))));
    const [compacted] = leader.eventsOf("logCompacted");
    expect(compacted?.meta.configuration).toEqual(voting(1));
    await cluster.crash(leader);
    await cluster.start(leader.id);
    expect(leader.node.status().configuration).toEqual({ ...voting(1), learners: [2] });
    await cluster.leader();
    await cluster.converge();
    expect(cluster.place(2).stateMachine.get("b")).toBe("4");
    await cluster.stop();
  });

  test("says why not, in errors that tell whether to try again", async () => {
    const { cluster, leader } = await Cluster.led(4, {}, 3);
    const ask = async (change: ConfChange, at: Place = leader): Promise<unknown> =>
      cluster.result(rejection(at.node.changeMembership(change)));
    await cluster.clock.advance(100);
    const [follower] = cluster.others(leader) as [Place];
    const add: ConfChange = { type: "addLearner", node: 4 };
    expect(await ask(add, follower)).toMatchObject({ code: "NOT_LEADER", leader: leader.id });
    expect(await ask({ type: "removeNode", node: 9 })).toMatchObject({
      code: "MEMBERSHIP_REFUSED",
      category: "conflict",
      reason: "unknownNode",
    });
    cluster.network.isolate(leader.id);
    const first = rejection(leader.node.changeMembership(add));
    expect(await ask(add)).toMatchObject({ code: "MEMBERSHIP_BUSY", category: "unavailable" });
    expect(await cluster.result(first, 1_000)).toMatchObject({ code: "PROPOSAL_OUTCOME_UNKNOWN" });
    await cluster.stop();
  });

  test("ends as unknown when the node stops first", async () => {
    const { cluster, leader } = await Cluster.led(4, {}, 3);
    cluster.network.isolate(leader.id);
    const change = rejection(leader.node.changeMembership({ type: "addLearner", node: 4 }));
    await cluster.stop();
    expect(await change).toMatchObject({ code: "PROPOSAL_OUTCOME_UNKNOWN", cause: { code: "NODE_STOPPED" } });
  });

  test("shows learners and how far they lag", async () => {
    const { cluster, leader } = await Cluster.led(2, {}, 1);
    cluster.network.isolate(2);
    await cluster.result(leader.node.changeMembership({ type: "addLearner", node: 2 }));
    await cluster.result(leader.node.propose(setCommand("a", "1")));
    expect(leader.node.status().peers).toMatchObject([
      { id: 2, isVoter: false, lagEntries: 3, silentTicks: undefined, isCaughtUp: false },
    ]);
    cluster.network.heal();
    await cluster.until(() => isCaughtUp(leader, 2), "node 2 has caught up");
    expect(leader.node.status().peers).toMatchObject([{ id: 2, lagEntries: 0, isCaughtUp: true }]);
    await cluster.stop();
  });
});

describe("a change on its way", () => {
  const CHANGE: ConfChange = { type: "removeNode", node: 2 };
  const TAKEN: ProposeOutcome = { accepted: true, firstIndex: 5, term: 3 };
  const JOINT = { voters: [1, 3], votersOutgoing: [1, 2], learners: [] };
  const entryOf = (index: number, term: number, type: Entry["type"], configuration = voting(1)): Entry => ({
    index,
    term,
    type,
    data: type === "config" ? encodeConfiguration(configuration) : new Uint8Array(),
  });
  const metaAt = (index: number, configuration = voting(1)) => ({
    index,
    term: 3,
    configuration,
    featureLevel: 0,
  });

  function begun(): { changes: MembershipChanges; ended: Promise<unknown> } {
    const changes = new MembershipChanges();
    const ended = changes
      .begin(CHANGE, () => TAKEN)
      .then(
        () => "done",
        (error: { code: string }) => error.code,
      );
    return { changes, ended };
  }

  test("ends when another leader's entry takes its place", async () => {
    const { changes, ended } = begun();
    changes.applied(entryOf(5, 4, "noop"));
    expect(await ended).toBe("PROPOSAL_DROPPED");
  });

  test("that was joint ends with the next config entry, whoever leads", async () => {
    const { changes, ended } = begun();
    changes.applied(entryOf(5, 3, "config", JOINT));
    changes.dropped({ index: 9, term: 3, outcome: "unknown" });
    changes.applied(entryOf(6, 4, "noop"));
    changes.applied(entryOf(7, 4, "config"));
    expect(await ended).toBe("done");
  });

  test("that was joint is done too when a snapshot jumped over its end", async () => {
    const { changes, ended } = begun();
    changes.applied(entryOf(5, 3, "config", JOINT));
    changes.passed(metaAt(6, JOINT));
    changes.passed(metaAt(9));
    expect(await ended).toBe("done");
  });

  test("is unknown when a snapshot jumped over it", async () => {
    const { changes, ended } = begun();
    changes.passed(metaAt(4));
    changes.passed(metaAt(5));
    expect(await ended).toBe("PROPOSAL_OUTCOME_UNKNOWN");
  });

  test("ends as the core says it was lost", async () => {
    const lost = begun();
    lost.changes.dropped({ index: 5, term: 3, outcome: "unknown" });
    expect(await lost.ended).toBe("PROPOSAL_OUTCOME_UNKNOWN");
    const gone = begun();
    gone.changes.dropped({ index: 5, term: 2, outcome: "unknown" });
    gone.changes.dropped({ index: 5, term: 3, outcome: "dropped" });
    expect(await gone.ended).toBe("PROPOSAL_DROPPED");
  });
});

function leavesJoint(message: Message): boolean {
  return (
    message.type === "appendRequest" &&
    message.entries.some(
      ({ type, data }) => type === "config" && decodeConfiguration(data).votersOutgoing.length === 0,
    )
  );
}

function isWithout({ node }: Place, removed: Place): boolean {
  const { voters, votersOutgoing } = node.status().configuration;
  return votersOutgoing.length === 0 && !voters.includes(removed.id);
}

function isCaughtUp(leader: Place, id: number): boolean {
  return leader.node.status().peers.some((peer) => peer.id === id && peer.isCaughtUp);
}

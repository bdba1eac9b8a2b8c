import { describe, expect, test } from "@jest/globals";
import { foundOrJoin, MemoryIdentityStore, startIdentity } from "../../src/founding/index.ts";
import type { Identity } from "../../src/founding/index.ts";
import { node, Town } from "./town.ts";

const TRIO = [1, 2, 3];

async function foundTrio(): Promise<Town> {
  const town = new Town();
  await town.boot(2, TRIO);
  await town.boot(3, TRIO);
  await town.start(1, TRIO);
  await town.start(2, TRIO);
  await town.start(3, TRIO);
  return town;
}

describe("founding", () => {
  test("a node without peers founds a cluster of one", async () => {
    const town = new Town();
    const founded = await town.start(7, [7]);
    expect(founded.clusterId).toBe("cluster-1");
    expect(founded.members).toEqual([{ id: 7, uuid: founded.nodeUuid, address: "host-7:50051" }]);
    expect(town.disks.get(7)?.saved).toEqual(founded);
  });

  test("the lowest of three founds with every disk named, and the others adopt it", async () => {
    const town = await foundTrio();
    const identities = TRIO.map((id) => town.disks.get(id)?.saved);
    expect(town.clustersFounded).toBe(1);
    expect(new Set(identities.map((identity) => identity?.clusterId))).toEqual(new Set(["cluster-1"]));
    expect(identities[2]?.members?.map((member) => member.uuid)).toEqual(
      identities.map((identity) => identity?.nodeUuid),
    );
  });

  test("nobody founds before the last peer answers, and the wait names it", async () => {
    const town = new Town();
    await town.boot(2, TRIO);
    const first = town.start(1, TRIO);
    await town.waits(1);
    expect(town.waiting).toEqual([[3]]);
    expect(town.disks.get(1)?.saved?.clusterId).toBeUndefined();
    await town.boot(3, TRIO);
    town.nextRound();
    expect((await first).members.map((member) => member.id)).toEqual(TRIO);
  });

  test("a node that is not the lowest never founds, even when all answered", async () => {
    const town = new Town();
    await town.boot(1, TRIO);
    await town.boot(3, TRIO);
    const second = town.start(2, TRIO);
    await town.waits(1);
    expect(town.waiting).toEqual([[]]);
    await town.start(1, TRIO);
    town.nextRound();
    expect((await second).clusterId).toBe("cluster-1");
    expect(town.clustersFounded).toBe(1);
  });

  test("a failed save founds nothing", async () => {
    const store = new MemoryIdentityStore();
    const identity = await startIdentity(store, () => "uuid-1");
    const broken = { load: () => store.load(), save: () => Promise.reject(new Error("disk full")) };
    const founding = foundOrJoin({ ...quiet(identity), store: broken, peers: [] });
    await expect(founding).rejects.toThrow("disk full");
    expect(store.saved?.clusterId).toBeUndefined();
  });

  test("a founder that crashed after saving and before answering goes on with its cluster", async () => {
    const town = new Town();
    await town.boot(2, TRIO);
    await town.boot(3, TRIO);
    await town.start(1, TRIO);
    // The crash: nobody was told. On restart the others are asked nothing and adopt what was saved.
    town.unreachable.add(2).add(3);
    const again = await town.start(1, TRIO);
    town.unreachable.clear();
    expect(again.clusterId).toBe("cluster-1");
    expect((await town.start(3, TRIO)).clusterId).toBe("cluster-1");
    expect(town.clustersFounded).toBe(1);
  });

  test("a founder that crashed before saving founds anew, and only that cluster is adopted", async () => {
    const town = new Town();
    await town.boot(2, TRIO);
    await town.boot(3, TRIO);
    const disk = await town.boot(1, TRIO);
    const identity = disk.saved as Identity;
    const peers = [node(2), node(3)];
    const crash = { load: () => disk.load(), save: () => Promise.reject(new Error("power cut")) };
    const identify = (peer: { id: number }) => town.answer(peer.id);
    await expect(foundOrJoin({ ...quiet(identity), peers, store: crash, identify })).rejects.toThrow(
      "power cut",
    );
    const founded = await town.start(1, TRIO);
    expect((await town.start(2, TRIO)).clusterId).toBe(founded.clusterId);
  });
});

describe("a restart", () => {
  test("goes on without asking anyone and counts the start", async () => {
    const town = await foundTrio();
    town.unreachable.add(1).add(3);
    const before = town.disks.get(2)?.saved?.starts ?? 0;
    const again = await town.start(2, TRIO);
    expect(again.clusterId).toBe("cluster-1");
    expect(again.starts).toBe(before + 1);
  });

  test("under another id is refused", async () => {
    const town = await foundTrio();
    const identity = town.disks.get(2)?.saved as Identity;
    await expect(foundOrJoin({ ...quiet(identity), self: node(3), peers: [] })).rejects.toMatchObject({
      code: "IDENTITY_MISMATCH",
      message: expect.stringContaining("belongs to node 2"),
    });
  });
});

describe("refusals", () => {
  test("a wiped node is refused by one founded peer, even while the other is silent", async () => {
    const town = await foundTrio();
    town.wipe(3);
    town.unreachable.add(2);
    await expect(town.start(3, TRIO)).rejects.toMatchObject({ code: "WIPED_NODE", category: "conflict" });
    expect(town.disks.get(3)?.saved?.clusterId).toBeUndefined();
  });

  test("a wiped founder does not found a second cluster", async () => {
    const town = await foundTrio();
    town.wipe(1);
    await expect(town.start(1, TRIO)).rejects.toMatchObject({ code: "WIPED_NODE" });
    expect(town.clustersFounded).toBe(1);
  });

  test("a wiped node waits while no peer answers, instead of founding", async () => {
    const town = await foundTrio();
    town.wipe(1);
    town.unreachable.add(2).add(3);
    const first = town.start(1, TRIO);
    await town.waits(1);
    town.unreachable.delete(3);
    town.nextRound();
    await expect(first).rejects.toMatchObject({ code: "WIPED_NODE" });
  });

  test("a node started without its peers founds alone, and the others refuse to follow it", async () => {
    const town = new Town();
    const alone = await town.start(1, [1]);
    expect(alone.members).toHaveLength(1);
    await town.boot(3, TRIO);
    await expect(town.start(2, TRIO)).rejects.toMatchObject({
      code: "NOT_A_MEMBER",
      message: expect.stringMatching(/node 1 belongs to cluster cluster-1 .* started without --peers/),
    });
  });

  test("a wiped node started without peers makes a rival that no member follows", async () => {
    const town = await foundTrio();
    town.wipe(1);
    const rival = await town.start(1, [1]);
    expect(rival.clusterId).toBe("cluster-2");
    // Node 3 crashed before it adopted: it follows the cluster that names its disk.
    const disk = town.disks.get(3)?.saved as Identity;
    town.disks.set(3, new MemoryIdentityStore({ nodeUuid: disk.nodeUuid, starts: disk.starts }));
    expect((await town.start(3, TRIO)).clusterId).toBe("cluster-1");
  });

  test("two clusters that both name the disk are rivals", async () => {
    const town = await foundTrio();
    const disk = town.disks.get(3)?.saved as Identity;
    const copied = town.disks.get(2)?.saved as Identity;
    town.disks.set(2, new MemoryIdentityStore({ ...copied, clusterId: "cluster-9" }));
    town.disks.set(3, new MemoryIdentityStore({ nodeUuid: disk.nodeUuid, starts: 1 }));
    await expect(town.start(3, TRIO)).rejects.toMatchObject({ code: "RIVAL_CLUSTERS" });
  });

  test("nodes told of different members do not found", async () => {
    const town = new Town();
    await town.boot(2, [1, 2]);
    await expect(town.start(1, TRIO)).rejects.toMatchObject({
      code: "PEERS_MISMATCH",
      message: expect.stringContaining("node 1 was told of members 1, 2, 3, but node 2 of 1, 2"),
    });
  });

  test("another node at a peer's address is refused", async () => {
    const town = new Town();
    await town.boot(2, TRIO);
    await town.boot(3, TRIO);
    const identity = (await town.boot(1, TRIO)).saved as Identity;
    const identify = (peer: { id: number }) => town.answer(peer.id === 2 ? 3 : 2);
    const founding = foundOrJoin({ ...quiet(identity), peers: [node(2), node(3)], identify });
    await expect(founding).rejects.toMatchObject({ code: "WRONG_PEER" });
  });

  test("a copied data directory is refused", async () => {
    const town = new Town();
    const original = await town.boot(2, TRIO);
    town.disks.set(3, new MemoryIdentityStore(original.saved));
    await town.boot(3, TRIO);
    await expect(town.start(1, TRIO)).rejects.toMatchObject({ code: "DUPLICATE_IDENTITY" });
  });

  test.each([
    ["itself", [1]],
    ["one twice", [2, 2]],
    ["no node", [0]],
    ["a fraction", [1.5]],
  ])("peers that name %s are refused", async (_what, ids) => {
    const founding = foundOrJoin({ ...quiet({ nodeUuid: "u", starts: 1 }), peers: ids.map(node) });
    await expect(founding).rejects.toMatchObject({ code: "INVALID_PEERS", category: "invalid" });
  });
});

describe("calling the start off", () => {
  test("ends the wait and says who was missing", async () => {
    const town = new Town();
    await town.boot(2, TRIO);
    const first = town.start(1, TRIO);
    await town.waits(1);
    town.stop.abort(new Error("SIGTERM"));
    await expect(first).rejects.toMatchObject({
      code: "FOUNDING_ABORTED",
      message: expect.stringContaining("node(s) 3"),
    });
  });

  test("does not wait for a peer that never answers", async () => {
    const stop = new AbortController();
    const founding = foundOrJoin({
      ...quiet({ nodeUuid: "u", starts: 1 }),
      peers: [node(2)],
      identify: () => {
        stop.abort();
        return new Promise(() => {});
      },
      signal: stop.signal,
    });
    await expect(founding).rejects.toMatchObject({ code: "FOUNDING_ABORTED" });
  });
});

function quiet(identity: Identity) {
  return {
    self: node(1),
    identity,
    store: new MemoryIdentityStore(identity),
    identify: () => Promise.reject(new Error("nobody answers")),
    wait: () => Promise.resolve(),
    newClusterId: () => "cluster-x",
    signal: new AbortController().signal,
  };
}

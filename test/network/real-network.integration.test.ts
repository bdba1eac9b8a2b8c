/**
 * Raft over a network with delay, partitions and loss: three hosts with their own addresses, mutual TLS, LevelDB logs.
 *
 * How the network is made, and why so:
 * - Namespaces without names, each held by a process that ends with this one: nothing stays behind, whatever happens.
 * - 30 ms each way by a TUN device (lab.ts), as kernels without `sch_netem` have no `tc netem`; the same for all.
 * - Silent loss by routing rules, which need no netfilter; one rule for each direction.
 * - Clients talk to the members through pipes, so that they reach a member which its peers do not.
 *
 * Timeouts follow docs/reference/raft-network.md: heartbeats once in a round trip, elections after ten of them.
 * Every wait is for a condition; the only figures are those of the cluster.
 */
import { afterAll, beforeAll, describe, expect, test } from "@jest/globals";
import type { RaftStatus } from "@coxswain/raft-core";
import { until } from "../../scripts/lib/until.mjs";
import { Clients } from "./clients.ts";
import { NetworkCluster } from "./cluster.ts";
import type { MemberProcess } from "./member-process.ts";
import { brokenPromises } from "./promises.ts";
import { missingForNetworks } from "./requirements.ts";

const DELAY_MS = 30;
const ROUND_TRIP_MS = 2 * DELAY_MS;
/** For measuring other timeouts by hand. */
const ELECTION_MS = Number(process.env["COX_NETWORK_ELECTION_MS"] ?? 10 * ROUND_TRIP_MS);
const HEARTBEAT_MS = Number(process.env["COX_NETWORK_HEARTBEAT_MS"] ?? ROUND_TRIP_MS);
const STABLE_CALLS = Number(process.env["COX_NETWORK_STABLE_CALLS"] ?? 200);
const TEST_MS = 60_000 + STABLE_CALLS * 2 * ROUND_TRIP_MS;

const missing = missingForNetworks();
if (missing.length > 0)
  console.warn(`SKIPPED: no test of Raft on a real network. Missing:\n- ${missing.join("\n- ")}`);

let cluster: NetworkCluster;
const clients = new Clients();

/** Runs the story while clients call every member; then everything heals, and what they saw is checked. */
async function underLoad(story: (leader: RaftStatus) => Promise<void>): Promise<void> {
  const leader = await cluster.agreed();
  clients.start(cluster.members);
  try {
    await clients.succeed(1);
    await story(leader);
  } finally {
    await cluster.lab.heal();
    await clients.stop();
  }
  await cluster.agreed();
  const journals = await Promise.all(cluster.members.map((member) => member.journal()));
  const { writes, reads } = clients;
  const broken = brokenPromises({ writes, reads, journals, leaders: cluster.leaders() });
  expect(broken.slice(0, 10)).toEqual([]);
}

/** Another member leads, and works, while the old leader does not. */
async function successorOf(old: RaftStatus): Promise<RaftStatus> {
  const next = await cluster.leader(cluster.without(old.id));
  expect(next.term).toBeGreaterThan(old.term);
  await until(
    "the old leader has stepped down",
    async () => (await cluster.member(old.id).status()).role !== "leader",
  );
  await clients.succeed(20);
  return next;
}

/** All is well again, and nobody was deposed on the way there. */
async function expectHealedUnder({ id, term }: RaftStatus): Promise<void> {
  await cluster.lab.heal();
  expect(await cluster.agreed()).toMatchObject({ id, term });
  await clients.succeed(20);
  for (const member of cluster.members) expect(await member.status()).toMatchObject({ leader: id, term });
}

/** It has noticed that it hears from no leader, and has asked for votes. */
async function campaigns(member: MemberProcess): Promise<void> {
  await until(`member ${member.id} campaigns`, async () => /andidate/.test((await member.status()).role), {
    everyMs: 20,
  });
}

(missing.length === 0 ? describe : describe.skip)(
  `three hosts, ${DELAY_MS} ms from one to another, mutual TLS`,
  () => {
    beforeAll(async () => {
      const raft = {
        heartbeatMs: HEARTBEAT_MS,
        electionTimeoutMs: { min: ELECTION_MS, max: 2 * ELECTION_MS },
      };
      cluster = await NetworkCluster.start({ ids: [1, 2, 3], delayMs: DELAY_MS, raft });
    }, 60_000);
    afterAll(async () => cluster?.destroy(), 60_000);

    test(
      "the leader stays while writes and reads go on, each of them a round trip long",
      async () => {
        await underLoad(async ({ id, term }) => {
          const eventsBefore = cluster.members.map(({ events }) => events.length);
          await clients.succeed(STABLE_CALLS);
          expect(await cluster.agreed()).toMatchObject({ id, term });
          expect(cluster.members.map(({ events }) => events.length)).toEqual(eventsBefore);
          expect(Math.min(...clients.latenciesMs())).toBeGreaterThanOrEqual(ROUND_TRIP_MS);
        });
      },
      TEST_MS,
    );

    test(
      "a leader whose link goes down steps down, another takes over, and its unacknowledged tail is replaced",
      async () => {
        await underLoad(async (old) => {
          const member = cluster.member(old.id);
          await cluster.lab.unplug(old.id);
          const { lastIndex } = await member.status();
          const text = `tail-of-term-${old.term}`;
          const write = clients.write(member, text);
          const read = clients.read(member, false);
          await until("the tail is in its log", async () =>
            (await member.log(lastIndex + 1)).some((entry) => entry.text === text),
          );

          const next = await successorOf(old);
          expect(member.events).toContainEqual({ type: "leadershipLost", term: old.term });
          expect(await write).toBe("PROPOSAL_OUTCOME_UNKNOWN");
          expect(await read).toBe("NOT_LEADER");
          expect(await clients.write(member)).toBe("NOT_LEADER");
          expect(await clients.read(member, false)).toBe("NOT_LEADER");

          const stale = await member.log(lastIndex + 1);
          expect(stale.every(({ term }) => term === old.term)).toBe(true);
          await expectHealedUnder(next);
          const replaced = (await member.log(lastIndex + 1)).slice(0, stale.length);
          expect(replaced.map(({ index }) => index)).toEqual(stale.map(({ index }) => index));
          expect(replaced.every(({ term }) => term >= next.term)).toBe(true);
          expect((await member.journal()).some((line) => line.text === text)).toBe(false);
        });
      },
      TEST_MS,
    );

    test.each([
      ["sends but does not receive", "to"],
      ["receives but does not send", "from"],
    ] as const)(
      "a leader that %s is succeeded, and disturbs nobody, then or after healing",
      async (_, direction) => {
        await underLoad(async (old) => {
          await cluster.lab.lose(direction === "to" ? { to: old.id } : { from: old.id });
          const next = await successorOf(old);
          // A member that hears its new leader has no cause to campaign; one that hears nobody asks for votes in vain.
          if (direction === "to") await campaigns(cluster.member(old.id));
          await clients.succeed(50);
          await expectHealedUnder(next);
        });
      },
      TEST_MS,
    );

    test(
      "a follower whose link comes and goes deposes nobody",
      async () => {
        await underLoad(async (leader) => {
          const [follower] = cluster.without(leader.id);
          for (let flap = 0; flap < 3; flap++) {
            await cluster.lab.unplug(follower!.id);
            await campaigns(follower!);
            await clients.succeed(10);
            await expectHealedUnder(leader);
          }
        });
      },
      TEST_MS,
    );

    test(
      "a minority answers no linearizable read, neither its leader nor a follower that asks for one",
      async () => {
        await underLoad(async (old) => {
          const loseAll = async (id: number): Promise<void> => {
            await cluster.lab.lose({ from: id });
            await cluster.lab.lose({ to: id });
          };
          const refused = [expect.any(String), expect.any(String), expect.any(String)];
          const readsAt = async (id: number): Promise<unknown[]> =>
            await Promise.all(
              [false, true, true].map((forward) => clients.read(cluster.member(id), forward)),
            );

          await loseAll(old.id);
          expect(await readsAt(old.id)).toEqual(refused);
          const next = await successorOf(old);
          expect(await readsAt(old.id)).toEqual(refused);
          await expectHealedUnder(next);

          const follower = cluster.without(next.id)[0]!;
          await loseAll(follower.id);
          expect(await readsAt(follower.id)).toEqual(refused);
          await clients.succeed(20);
          await expectHealedUnder(next);
          expect(await readsAt(follower.id)).toEqual(["NOT_LEADER", expect.any(Number), expect.any(Number)]);
        });
      },
      TEST_MS,
    );
  },
);

import { expect, test } from "@jest/globals";
import { followLeadership } from "../src/leadership.ts";
import type { LeadershipParts } from "../src/leadership.ts";
import { settle } from "../../../packages/worker/test/hand-clock.ts";

type Proposed = Parameters<LeadershipParts["proposer"]["propose"]>[0];

function setUp(propose: (body: Proposed) => Promise<unknown> = () => Promise.resolve({})) {
  const done: string[] = [];
  const proposed: Proposed[] = [];
  const fatal: Error[] = [];
  const say = (fields: object, message: string): void => void done.push(message);
  const parts = {
    options: { maxActiveJobs: 5, maxActiveJobBytes: 6, outputTailBytes: 7 },
    store: { settings: () => ({ maxActiveJobs: 1, historyMaxCount: 9 }) },
    proposer: {
      propose: (body: Proposed) => {
        proposed.push(body);
        return propose(body);
      },
    },
    scheduler: { start: (term: number) => done.push(`start ${term}`), stop: () => done.push("stop") },
    logger: { info: say, warn: say, error: say },
    onNewLeader: () => done.push("new leader"),
    onFatal: (error: Error) => fatal.push(error),
  } as unknown as LeadershipParts;
  return { follow: followLeadership(parts), done, proposed, fatal };
}

test("the scheduler starts when the state holds everything before this term, and stops at once when leadership ends (G4)", () => {
  const { follow, done } = setUp();
  follow({ type: "leaderChanged", leader: 1, term: 3 });
  expect(done).not.toContain("start 3");
  follow({ type: "leaderReady", term: 3 });
  expect(done).toContain("start 3");
  follow({ type: "leadershipLost", term: 3 });
  expect(done.at(-1)).toBe("stop");
});

test("a new leader is told of at once, no leader is not: it places nothing before it has granted leases", () => {
  const { follow, done } = setUp();
  follow({ type: "leaderChanged", leader: 0, term: 3 });
  expect(done).not.toContain("new leader");
  follow({ type: "leaderChanged", leader: 2, term: 3 });
  expect(done).toContain("new leader");
});

test("a leader proposes the cluster's limits from its options, for the case that nobody has yet (G6)", () => {
  const { follow, proposed } = setUp();
  follow({ type: "leaderReady", term: 1 });
  expect(proposed).toMatchObject([
    {
      $case: "setClusterSettings",
      value: { onlyIfAbsent: true, settings: { maxActiveJobs: 5, maxActiveJobBytes: 6, outputTailBytes: 7, historyMaxCount: 9 } },
    },
  ]);
});

test("limits that cannot be proposed now are left to the next leader", async () => {
  const { follow, done, fatal } = setUp(() => Promise.reject(new Error("deposed")));
  follow({ type: "leaderReady", term: 1 });
  await settle();
  expect(done).toContain("the cluster's limits are not set yet");
  expect(fatal).toEqual([]);
});

test("a failed append or sync ends the node (G19)", () => {
  const { follow, fatal } = setUp();
  const error = new Error("no space left");
  follow({ type: "fatal", error });
  expect(fatal).toEqual([error]);
});

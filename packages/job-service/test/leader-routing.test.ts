import { describe, expect, test } from "@jest/globals";
import type { ForwardOptions, Peers, RaftView } from "../src/contracts.ts";
import { NotLeaderError, RefusedError, ValidationError } from "../src/errors.ts";
import { LeaderRouting } from "../src/leader-routing.ts";
import type { Route } from "../src/leader-routing.ts";
import { ManualClock, settled } from "./manual-clock.ts";
import { alice, rejection } from "./requests.ts";

const lost = () =>
  new RefusedError({ code: "CONNECTION_LOST", category: "unknown-outcome", message: "lost" });
const unreachable = () =>
  new RefusedError({ code: "UNREACHABLE", category: "unavailable", message: "unreachable" });

type Forward = (leader: number, options: ForwardOptions) => Promise<{ deleted: number }>;

function fixture(forward: Forward = () => Promise.reject(unreachable())) {
  const clock = new ManualClock();
  const view: { -readonly [K in "role" | "leader" | "term"]: RaftView[K] } = {
    role: "follower",
    leader: 2,
    term: 1,
  };
  const forwards: number[] = [];
  const peers: Pick<Peers, "forward"> = {
    forward: (leader, _caller, _method, _request, options) => {
      forwards.push(leader);
      return forward(leader, options) as never;
    },
  };
  const routing = new LeaderRouting({
    nodeId: 1,
    raft: {
      status: () => ({
        ...view,
        id: 1,
        commitIndex: 0,
        appliedIndex: 0,
        lastIndex: 0,
        firstIndex: 1,
        configuration: { voters: [1, 2, 3], learners: [] },
      }),
    },
    peers,
    clock,
    settings: { commitWaitMs: 5_000, leaderCheckMs: 100 },
  });
  const route = (more: Partial<Route<"deleteJob">> = {}): Route<"deleteJob"> => ({
    caller: alice,
    method: "deleteJob",
    effect: "write",
    request: { jobId: "j", requestId: "r" },
    onLeader: () => Promise.resolve({ here: true }),
    ...more,
  });
  return { clock, view, forwards, routing, route };
}

describe("a request that this node took", () => {
  test("is answered here by the leader", async () => {
    const { view, routing, route, forwards, clock } = fixture();
    view.role = "leader";
    await expect(routing.run(route(), {})).resolves.toEqual({ here: true });
    expect(forwards).toEqual([]);
    expect(clock.timers).toBe(0);
  });

  test("is forwarded by a follower", async () => {
    const { routing, route, forwards, clock } = fixture(() => Promise.resolve({ deleted: 1 }));
    await expect(routing.run(route(), {})).resolves.toEqual({ deleted: 1 });
    expect(forwards).toEqual([2]);
    expect(clock.timers).toBe(0);
  });

  test("waits for a leader to be elected", async () => {
    const { view, routing, route, clock } = fixture();
    view.leader = 0;
    const answer = routing.run(route(), {});
    await clock.advance(400);
    view.role = "leader";
    await clock.advance(200);
    await expect(answer).resolves.toEqual({ here: true });
  });

  test("goes where a deposed leader points, before this node hears of it", async () => {
    const { routing, route, forwards, clock } = fixture((leader) =>
      leader === 2 ? Promise.reject(new NotLeaderError(3)) : Promise.resolve({ deleted: 1 }),
    );
    const answer = routing.run(route(), {});
    await clock.advance(20);
    await expect(answer).resolves.toEqual({ deleted: 1 });
    expect(forwards).toEqual([2, 3]);
  });

  test("is sent to the new leader when the old one falls silent", async () => {
    const { view, routing, route, forwards, clock } = fixture((leader, { signal }) =>
      leader === 3
        ? Promise.resolve({ deleted: 1 })
        : new Promise((_, reject) => {
            signal.addEventListener("abort", () => {
              reject(lost());
            });
          }),
    );
    const answer = routing.run(route(), {});
    await clock.advance(1_000);
    Object.assign(view, { leader: 3, term: 2 });
    await clock.advance(150);
    await expect(answer).resolves.toEqual({ deleted: 1 });
    expect(forwards).toEqual([2, 3]);
  });

  test("that makes no sense is refused at once", async () => {
    const { view, routing, route } = fixture();
    view.role = "leader";
    const refused = new ValidationError([{ field: "jobId", problem: "wrong" }]);
    await expect(routing.run(route({ onLeader: () => Promise.reject(refused) }), {})).rejects.toBe(refused);
  });
});

describe("when the time is up", () => {
  test("without a leader: NO_LEADER, and nothing was done", async () => {
    const { view, routing, route, clock, forwards } = fixture();
    view.leader = 0;
    const error = rejection(routing.run(route(), {}));
    await clock.advance(5_000);
    expect(await error).toMatchObject({ code: "NO_LEADER", category: "unavailable", retryAfterMs: 1_000 });
    expect(forwards).toEqual([]);
    expect(clock.timers).toBe(0);
  });

  test("a write that may have arrived has an unknown outcome, even if later tries surely did not", async () => {
    let calls = 0;
    const { routing, route, clock } = fixture(() => Promise.reject(++calls === 1 ? lost() : unreachable()));
    const error = rejection(routing.run(route(), {}));
    await clock.advance(5_000);
    expect(await error).toMatchObject({ code: "OUTCOME_UNKNOWN", category: "unknown-outcome" });
    expect((await error).message).toMatch(/same id/);
  });

  test("a read that was lost leaves nothing in doubt", async () => {
    const { routing, route, clock } = fixture(() => Promise.reject(lost()));
    const error = rejection(routing.run(route({ effect: "read" }), {}));
    await clock.advance(5_000);
    expect(await error).toMatchObject({ code: "READ_TIMEOUT", category: "unavailable" });
  });

  test("a commit that hangs on the leader has an unknown outcome", async () => {
    const { view, routing, route, clock } = fixture();
    view.role = "leader";
    const error = rejection(routing.run(route({ onLeader: () => new Promise(() => {}) }), {}));
    await clock.advance(5_000);
    expect(await error).toMatchObject({ code: "OUTCOME_UNKNOWN" });
  });

  test("the caller's own deadline counts when it is sooner", async () => {
    const { view, routing, route, clock } = fixture();
    view.leader = 0;
    const error = rejection(routing.run(route(), { deadlineMs: clock.now() + 300 }));
    await clock.advance(300);
    expect(await error).toMatchObject({ code: "NO_LEADER" });
  });

  test("a deadline that has passed proposes nothing", async () => {
    const { view, routing, route, clock } = fixture();
    view.role = "leader";
    let proposed = false;
    const onLeader = () => {
      proposed = true;
      return Promise.resolve({});
    };
    expect(await rejection(routing.run(route({ onLeader }), { deadlineMs: clock.now() - 1 }))).toMatchObject({
      category: "unavailable",
    });
    expect(proposed).toBe(false);
  });

  test("a deadline that has passed sends nothing either", async () => {
    const { routing, route, clock, forwards } = fixture();
    expect(await rejection(routing.run(route(), { deadlineMs: clock.now() }))).toMatchObject({
      code: "NO_LEADER",
    });
    expect(forwards).toEqual([]);
  });
});

test("a refusal that lasts until the end is the answer", async () => {
  const { view, routing, route, clock } = fixture();
  view.role = "leader";
  const failed = new RefusedError({
    code: "TRANSFER_FAILED",
    category: "unavailable",
    message: "the target is behind",
  });
  const error = rejection(routing.run(route({ onLeader: () => Promise.reject(failed) }), {}));
  await clock.advance(5_000);
  expect(await error).toBe(failed);
});

test("a refusal for lack of room after a lost try does not claim that nothing was done", async () => {
  let calls = 0;
  const full = new RefusedError({ code: "TOO_MANY_PROPOSALS", category: "exhausted", message: "full" });
  const { routing, route, clock } = fixture(() => Promise.reject(++calls === 1 ? lost() : full));
  const error = rejection(routing.run(route(), {}));
  await clock.advance(100);
  expect(await error).toMatchObject({ code: "OUTCOME_UNKNOWN" });
});

test("what must not be done twice is not tried again once it may have been done", async () => {
  const { routing, route, forwards, clock } = fixture(() => Promise.reject(lost()));
  const error = rejection(routing.run(route({ repeatable: false }), {}));
  await clock.advance(10);
  expect(await error).toMatchObject({ category: "unknown-outcome" });
  expect(forwards).toHaveLength(1);
});

describe("a forwarded request is never forwarded again (G24)", () => {
  test("a follower refuses it at once and names the leader", async () => {
    const { routing, route, forwards } = fixture();
    expect(await rejection(routing.run(route(), { forwarded: true }))).toMatchObject({
      code: "NOT_LEADER",
      category: "unavailable",
      leader: 2,
    });
    expect(forwards).toEqual([]);
  });

  test("the leader answers it, and does not try again", async () => {
    const { view, routing, route } = fixture();
    view.role = "leader";
    await expect(routing.run(route(), { forwarded: true })).resolves.toEqual({ here: true });
    let tries = 0;
    const onLeader = () => {
      tries++;
      return Promise.reject(unreachable());
    };
    expect(await rejection(routing.run(route({ onLeader }), { forwarded: true }))).toMatchObject({
      code: "UNREACHABLE",
    });
    await settled();
    expect(tries).toBe(1);
  });
});

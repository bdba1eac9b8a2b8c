import { describe, expect, test } from "@jest/globals";
import {
  decodeSessionEntry,
  type Entry,
  ManualClock,
  NotLeaderError,
  ProposalOutcomeUnknownError,
  ProposalTooLargeError,
  Session,
  type SessionEntry,
  type SessionOptions,
  type SessionPropose,
  type SessionResult,
  type SessionStateMachine,
  withSessions,
} from "../../src/index.ts";
import { rejection } from "../node/cluster.ts";
import { counterResults, entryOf, increment, MemoryCounters, registerAt } from "./counters.ts";

type Propose = SessionPropose<number | undefined>;
type Answer = SessionResult<number | undefined>;

/** A cluster of one, which applies at once what reaches it; what happens on the way is the test's to say. */
class Town {
  readonly clock = new ManualClock();
  readonly inner = new MemoryCounters();
  readonly machine: SessionStateMachine<number | undefined>;
  /** What arrived, in order. */
  readonly heard: SessionEntry[] = [];
  /** Takes the place of the way there for the next proposals, one each. */
  readonly mishaps: Propose[] = [];
  readonly session: Promise<Session<number | undefined>>;
  #lastIndex = 0;

  private constructor(
    machine: (inner: MemoryCounters) => SessionStateMachine<number | undefined>,
    inner: MemoryCounters,
    options: Partial<SessionOptions>,
  ) {
    this.inner = inner;
    this.machine = machine(inner);
    this.session = Session.open((entry, { signal }) => this.#propose(entry, signal), {
      clock: this.clock,
      random: () => 0.5,
      ...options,
    });
  }

  static async with(
    options: Partial<SessionOptions> = {},
  ): Promise<{ town: Town; session: Session<number | undefined> }> {
    const inner = new MemoryCounters();
    const machine = await withSessions(inner, { results: counterResults });
    const town = new Town(() => machine, inner, options);
    return { town, session: await town.session };
  }

  /** Brings an entry there, whatever the mishaps. */
  deliver(entry: Uint8Array): Promise<Answer> {
    this.heard.push(decodeSessionEntry(entry));
    return this.append({ index: 0, term: 1, type: "normal", data: entry });
  }

  async append(entry: Entry): Promise<Answer> {
    const [answer] = await this.machine.apply([{ ...entry, index: ++this.#lastIndex }]);
    return answer!;
  }

  /** Serials that arrived, in order. */
  get serials(): number[] {
    return this.heard.flatMap((entry) => (entry.kind === "command" ? [entry.serial] : []));
  }

  #propose(entry: Uint8Array, signal: AbortSignal): Promise<Answer> {
    const mishap = this.mishaps.shift();
    return mishap === undefined ? this.deliver(entry) : mishap(entry, { signal });
  }
}

const silence: Propose = () => new Promise(() => {});
const notLeader: Propose = () => Promise.reject(new NotLeaderError(2));
const unknown = new ProposalOutcomeUnknownError("who knows");
const answerLost =
  (town: Town): Propose =>
  async (entry) => {
    await town.deliver(entry);
    throw unknown;
  };

/** Settles a promise by moving time on. */
async function inTime<Value>(town: Town, promise: Promise<Value>, ms = 60_000): Promise<Value> {
  promise.catch(() => undefined);
  await town.clock.advance(ms);
  return promise;
}

test("the session's id is the index of the entry that registered it", async () => {
  const { town, session } = await Town.with();
  expect(session.id).toBe(town.machine.appliedIndex());
});

describe("a proposal", () => {
  test("is sent again, under its serial, until it is answered, and applies once", async () => {
    const { town, session } = await Town.with();
    town.mishaps.push(answerLost(town), notLeader, answerLost(town), silence);
    expect(await inTime(town, session.propose(increment("a")))).toBe(1);
    expect(town.serials).toEqual([1, 1, 1]);
    expect(town.inner.counters).toEqual({ a: 1 });
  });

  test("is sent again after an error that says nothing, also one thrown at once", async () => {
    const { town, session } = await Town.with();
    town.mishaps.push(() => {
      throw new Error("socket hang up");
    });
    expect(await inTime(town, session.propose(increment("a")))).toBe(1);
  });

  test("waits longer after each failure in a row, less a random part", async () => {
    const { town, session } = await Town.with({ retryMs: { min: 100, max: 400 } });
    const at: number[] = [];
    town.mishaps.push(
      ...Array.from({ length: 5 }, (): Propose => () => {
        at.push(town.clock.now());
        return Promise.reject(new NotLeaderError(0));
      }),
    );
    await inTime(town, session.propose(increment("a")));
    expect(at.slice(1).map((ms, i) => ms - at[i]!)).toEqual([75, 150, 300, 300]);
  });

  test("that is silent is given up after attemptTimeoutMs, its signal aborted, and sent again", async () => {
    const { town, session } = await Town.with({ attemptTimeoutMs: 700 });
    const signals: AbortSignal[] = [];
    town.mishaps.push((_, { signal }) => {
      signals.push(signal);
      return silence(_, { signal });
    });
    const done = session.propose(increment("a"));
    await town.clock.advance(699);
    expect(signals[0]?.aborted).toBe(false);
    await town.clock.advance(50);
    expect(signals[0]?.aborted).toBe(true);
    expect(await done).toBe(1);
  });

  test("that can never succeed is not sent again", async () => {
    const { town, session } = await Town.with();
    town.mishaps.push(() => Promise.reject(new ProposalTooLargeError(2, 1)));
    expect(await rejection(session.propose(increment("a")))).toMatchObject({ code: "PROPOSAL_TOO_LARGE" });
    expect(await session.propose(increment("a"))).toBe(1);
  });

  test("that is refused after a try nobody answered has an unknown end", async () => {
    const { town, session } = await Town.with();
    const denied = Object.assign(new Error("no longer yours"), { category: "denied" });
    town.mishaps.push(answerLost(town), () => Promise.reject(denied));
    const error = await rejection(inTime(town, session.propose(increment("a"))));
    expect(error).toMatchObject({
      code: "SESSION_OUTCOME_UNKNOWN",
      category: "unknown-outcome",
      cause: denied,
    });
  });

  test("waits while the limits, lowered since, leave no room for it", async () => {
    const { town, session } = await Town.with();
    const limits = { maxSessions: 5, maxOutstanding: 1, maxResultBytes: 9 };
    await town.append(entryOf(0, { kind: "limits", limits }));
    town.mishaps.push(notLeader);
    const both = Promise.all([session.propose(increment("a")), session.propose(increment("b"))]);
    expect(await inTime(town, both)).toEqual([1, 1]);
  });
});

describe("proposals under way at a time", () => {
  test("are numbered in order, and say which is the first unanswered", async () => {
    const { town, session } = await Town.with();
    town.mishaps.push(notLeader);
    await inTime(town, Promise.all(["a", "b", "c"].map((name) => session.propose(increment(name)))));
    await session.propose(increment("d"));
    const said = town.heard.flatMap((e) => (e.kind === "command" ? [[e.serial, e.firstUnanswered]] : []));
    expect(said).toEqual([
      [2, 1],
      [3, 1],
      [1, 1],
      [4, 4],
    ]);
    expect(town.machine.sessionStatus().results).toBe(1);
  });

  test("are no more than maxOutstanding; others wait for their turn, and are refused beyond maxWaiting", async () => {
    const { town, session } = await Town.with({ maxOutstanding: 2, maxWaiting: 1 });
    town.mishaps.push(silence, silence);
    const first = [1, 2, 3].map(() => session.propose(increment("a")));
    expect(await rejection(session.propose(increment("a")))).toMatchObject({
      code: "SESSION_BUSY",
      category: "exhausted",
    });
    expect(town.serials).toEqual([]);
    expect((await inTime(town, Promise.all(first))).sort()).toEqual([1, 2, 3]);
  });

  test("are no more than the cluster's maxOutstanding when the session was opened", async () => {
    const { town, session } = await Town.with();
    const mute = Array.from({ length: 300 }, () => silence);
    town.mishaps.push(...mute);
    for (let i = 0; i < 200; i++) void session.propose(increment("a")).catch(() => undefined);
    expect(300 - town.mishaps.length).toBe(128);
    session.close();
  });
});

describe("giving up", () => {
  const start = (session: Session<number | undefined>) => {
    const caller = new AbortController();
    return { caller, outcome: rejection(session.propose(increment("a"), { signal: caller.signal })) };
  };

  test("before anything could be applied: it never will be", async () => {
    const { town, session } = await Town.with();
    town.mishaps.push(notLeader);
    const { caller, outcome } = start(session);
    await town.clock.settle();
    caller.abort(new Error("bored"));
    expect(await outcome).toMatchObject({ code: "PROPOSAL_DROPPED", cause: { message: "bored" } });
    await town.clock.advance(60_000);
    expect(town.inner.counters).toEqual({});
  });

  test("while it waits for its turn: it never will be", async () => {
    const { town, session } = await Town.with({ maxOutstanding: 1 });
    town.mishaps.push(silence);
    const first = session.propose(increment("b"));
    const { caller, outcome } = start(session);
    caller.abort();
    expect(await outcome).toMatchObject({ code: "PROPOSAL_DROPPED" });
    await inTime(town, first);
    expect(town.inner.counters).toEqual({ b: 1 });
  });

  test("before it began", async () => {
    const { session } = await Town.with();
    const error = await rejection(session.propose(increment("a"), { signal: AbortSignal.abort() }));
    expect(error).toMatchObject({ code: "PROPOSAL_DROPPED" });
  });

  test("during a try: it may have been applied, and a late copy is refused once the session went on", async () => {
    const { town, session } = await Town.with();
    const late: Uint8Array[] = [];
    town.mishaps.push((entry, options) => {
      late.push(entry);
      return silence(entry, options);
    });
    const { caller, outcome } = start(session);
    caller.abort();
    expect(await outcome).toMatchObject({ code: "SESSION_OUTCOME_UNKNOWN" });
    expect(await session.propose(increment("b"))).toBe(1);
    expect(await town.deliver(late[0]!)).toEqual({ kind: "refused", reason: "serialStale" });
    expect(town.inner.counters).toEqual({ b: 1 });
  });
});

describe("a session that expired", () => {
  const expire = async (town: Town): Promise<void> => {
    const limits = { maxSessions: 1, maxOutstanding: 9, maxResultBytes: 9 };
    await town.append(entryOf(0, { kind: "limits", limits }));
    await town.append(registerAt(0));
  };

  test("says so; a proposal that was never sent before is known not to have been applied", async () => {
    const { town, session } = await Town.with();
    await expire(town);
    const expired = { code: "SESSION_EXPIRED", category: "unknown-outcome", mayHaveBeenApplied: false };
    expect(await rejection(session.propose(increment("a")))).toMatchObject(expired);
    expect(await rejection(session.propose(increment("a")))).toMatchObject(expired);
    expect(town.serials).toEqual([1]);
  });

  test("leaves the end of a proposal open that was sent before and not answered", async () => {
    const { town, session } = await Town.with();
    town.mishaps.push(answerLost(town));
    const outcome = rejection(session.propose(increment("a")));
    await town.clock.settle();
    await expire(town);
    await town.clock.advance(1_000);
    expect(await outcome).toMatchObject({ code: "SESSION_EXPIRED", mayHaveBeenApplied: true });
    expect(town.inner.counters).toEqual({ a: 1 });
  });

  test("ends what waits for its turn, which was never sent", async () => {
    const { town, session } = await Town.with({ maxOutstanding: 1 });
    await expire(town);
    const outcomes = ["a", "b"].map((name) => rejection(session.propose(increment(name))));
    for (const outcome of outcomes) expect(await outcome).toMatchObject({ mayHaveBeenApplied: false });
    expect(session.pending).toBe(0);
  });
});

describe("closing", () => {
  test("ends what is pending by what is known of it, and releases every timer", async () => {
    const { town, session } = await Town.with({ maxOutstanding: 2 });
    town.mishaps.push(silence, notLeader);
    const outcomes = ["a", "b", "c"].map((name) => rejection(session.propose(increment(name))));
    await town.clock.settle();
    expect(session.pending).toBe(3);
    session.close();
    session.close();
    const codes = (await Promise.all(outcomes)).map((error) => (error as { code: string }).code);
    expect(codes).toEqual(["SESSION_OUTCOME_UNKNOWN", "SESSION_CLOSED", "SESSION_CLOSED"]);
    expect([session.pending, town.clock.pendingTimers]).toEqual([0, 0]);
    expect(await rejection(session.propose(increment("a")))).toMatchObject({ code: "SESSION_CLOSED" });
  });

  test("with end: the cluster forgets the session, and applies no late copy", async () => {
    const { town, session } = await Town.with();
    const late: Uint8Array[] = [];
    town.mishaps.push((entry, options) => {
      late.push(entry);
      return silence(entry, options);
    });
    const outcome = rejection(session.propose(increment("a")));
    town.mishaps.push(answerLost(town));
    await inTime(town, session.end());
    expect(await outcome).toMatchObject({ code: "SESSION_OUTCOME_UNKNOWN" });
    expect(await town.deliver(late[0]!)).toEqual({ kind: "refused", reason: "sessionUnknown" });
    expect([town.machine.sessionStatus().sessions, town.clock.pendingTimers]).toEqual([[], 0]);
  });
});

describe("opening", () => {
  const open = (
    propose: Propose,
    clock: ManualClock,
    options: { signal?: AbortSignal; maxWaiting?: number } = {},
  ) => Session.open(propose, { clock, random: () => 0, ...options });

  test("asks again until it is answered", async () => {
    const clock = new ManualClock();
    let tries = 0;
    const opening = open(() => {
      if (++tries < 4) return Promise.reject(new NotLeaderError(0));
      return Promise.resolve({ kind: "registered", session: 9, maxOutstanding: 4 });
    }, clock);
    await clock.advance(1_000);
    expect([(await opening).id, tries, clock.pendingTimers]).toEqual([9, 4, 0]);
  });

  test("ends with its signal, and leaves no timer", async () => {
    const clock = new ManualClock();
    const caller = new AbortController();
    const opening = rejection(open(silence, clock, { signal: caller.signal }));
    caller.abort();
    expect(await opening).toMatchObject({ category: "unknown-outcome" });
    expect(clock.pendingTimers).toBe(0);
  });

  test("of a cluster that knows no sessions is refused", async () => {
    const answer = (): Promise<Answer> => Promise.resolve({ kind: "result", result: 1, repeated: false });
    expect(await rejection(open(answer, new ManualClock()))).toMatchObject({ code: "SESSION_ENTRY_INVALID" });
  });

  test("with options that cannot work is refused", async () => {
    const opening = open(silence, new ManualClock(), { maxWaiting: 0 });
    expect(await rejection(opening)).toMatchObject({ code: "INVALID_OPTION" });
  });
});

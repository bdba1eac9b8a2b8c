/**
 * Brings each call to the leader, from whichever node took it.
 *
 * The node that took a request keeps trying until the caller's time is up: it answers itself when it
 * leads, forwards when another does, and waits a moment when nobody does. It may do so because every
 * request carries an id that makes a second try harmless. A request that was forwarded to this node is
 * answered or refused here and now (G24), so that no two nodes ever pass one back and forth.
 */
import type { CallerIdentity, CallOptions, Clock, ForwardOptions, Peers, RaftPort } from "./contracts.ts";
import { Deadline } from "./deadline.ts";
import {
  errorFacts,
  NoLeaderError,
  NotLeaderError,
  OutcomeUnknownError,
  ReadTimeoutError,
} from "./errors.ts";
import type { ErrorCategory } from "./errors.ts";
import type { ServiceSettings } from "./limits.ts";
import type { PublicCalls, PublicMethod } from "./public-calls.ts";

/** One call on its way. */
export interface Route<M extends PublicMethod> {
  readonly caller: CallerIdentity;
  readonly method: M;
  /** A write leaves its outcome unknown when its answer is lost; a read leaves nothing. */
  readonly effect: "read" | "write";
  /** Complete: a second try sends the very same. */
  readonly request: PublicCalls[M]["request"];
  /** False when doing it twice is not the same as doing it once; then only what surely was not done is tried again. Default true. */
  readonly repeatable?: boolean;
  /** The answer, on the leader. */
  readonly onLeader: (deadline: Deadline) => Promise<PublicCalls[M]["response"]>;
}

export interface LeaderRoutingOptions {
  readonly nodeId: number;
  readonly raft: Pick<RaftPort<unknown>, "status">;
  readonly peers: Pick<Peers, "forward">;
  readonly clock: Clock;
  readonly settings: Pick<ServiceSettings, "commitWaitMs" | "leaderCheckMs">;
}

const FIRST_PAUSE_MS = 10;
const LONGEST_PAUSE_MS = 200;

/** Refusals that may have come about because an earlier try of this very call did succeed, or may yet. */
const INCONCLUSIVE: ReadonlySet<ErrorCategory> = new Set(["exhausted", "internal"]);

/** What another try may mend. */
const REPEATED: ReadonlySet<ErrorCategory> = new Set(["unavailable", "unknown-outcome"]);

/** Refusals of a node that did nothing but look at its role. */
const NOT_DONE: ReadonlySet<string> = new Set(["NOT_LEADER", "NO_LEADER"]);

/** What it looks like, from here, that nobody leads; any other refusal speaks for itself. */
const LEADERLESS: ReadonlySet<string> = new Set([
  ...NOT_DONE,
  "PROPOSAL_DROPPED",
  "UNREACHABLE",
  "PEER_ADDRESS_UNKNOWN",
]);

export class LeaderRouting {
  readonly #options: LeaderRoutingOptions;

  constructor(options: LeaderRoutingOptions) {
    this.#options = options;
  }

  async run<M extends PublicMethod>(
    route: Route<M>,
    options: CallOptions,
  ): Promise<PublicCalls[M]["response"]> {
    const deadline = new Deadline(this.#options.clock, this.#waitMs(options));
    try {
      return await (options.forwarded === true
        ? this.#answerForwarded(route, deadline)
        : this.#tryUntilDeadline(route, deadline));
    } finally {
      deadline.close();
    }
  }

  #waitMs({ deadlineMs }: CallOptions): number {
    const { commitWaitMs } = this.#options.settings;
    return deadlineMs === undefined
      ? commitWaitMs
      : Math.min(commitWaitMs, deadlineMs - this.#options.clock.now());
  }

  #answerForwarded<M extends PublicMethod>(
    route: Route<M>,
    deadline: Deadline,
  ): Promise<PublicCalls[M]["response"]> {
    const { role, leader } = this.#options.raft.status();
    if (role !== "leader") return Promise.reject(new NotLeaderError(leader === 0 ? undefined : leader));
    return this.#answerHere(route, deadline);
  }

  async #tryUntilDeadline<M extends PublicMethod>(
    route: Route<M>,
    deadline: Deadline,
  ): Promise<PublicCalls[M]["response"]> {
    let mayHaveHappened = false;
    let lastError: unknown;
    let hint: number | undefined;
    let pauseMs = FIRST_PAUSE_MS;
    while (!deadline.expired) {
      try {
        return await this.#tryOnce(route, hint, deadline);
      } catch (error) {
        const { code, category, leader } = errorFacts(error);
        const retryable = route.repeatable === false ? NOT_DONE.has(code) : REPEATED.has(category);
        mayHaveHappened ||= category === "unknown-outcome" && route.effect === "write";
        if (!retryable)
          throw mayHaveHappened && INCONCLUSIVE.has(category)
            ? new OutcomeUnknownError({ cause: error })
            : error;
        lastError = error;
        hint = leader;
      }
      const waited = await deadline.pause(pauseMs);
      pauseMs = waited ? Math.min(pauseMs * 2, LONGEST_PAUSE_MS) : 0;
    }
    throw lastWord(mayHaveHappened, lastError);
  }

  #tryOnce<M extends PublicMethod>(
    route: Route<M>,
    hint: number | undefined,
    deadline: Deadline,
  ): Promise<PublicCalls[M]["response"]> {
    const { role, leader } = this.#options.raft.status();
    if (role === "leader") return this.#answerHere(route, deadline);
    // The refusing node may know of a leader before this one hears of it.
    const target = hint ?? leader;
    if (target === 0 || target === this.#options.nodeId) return Promise.reject(new NoLeaderError());
    return this.#forward(route, target, deadline);
  }

  #answerHere<M extends PublicMethod>(
    route: Route<M>,
    deadline: Deadline,
  ): Promise<PublicCalls[M]["response"]> {
    if (deadline.expired) return Promise.reject(new NoLeaderError());
    return deadline.race(route.onLeader(deadline), () => tooLate(route));
  }

  async #forward<M extends PublicMethod>(
    { caller, method, request, effect, repeatable }: Route<M>,
    target: number,
    deadline: Deadline,
  ): Promise<PublicCalls[M]["response"]> {
    const abort = new AbortController();
    const giveUp = (): void => {
      abort.abort();
    };
    const stopWatching = repeatable === false ? () => {} : this.#whenLeaderMoves(target, giveUp);
    const options: ForwardOptions = { timeoutMs: deadline.remainingMs, signal: abort.signal };
    try {
      const answer = this.#options.peers.forward(target, caller, method, request, options);
      return await deadline.race(
        orAborted(answer, abort.signal, () => tooLate({ effect })),
        () => tooLate({ effect }),
      );
    } finally {
      stopWatching();
      // Whoever does not wait for the answer tells the other side; an answered call is over anyway.
      if (deadline.expired) giveUp();
    }
  }

  /** A leader that stopped in silence answers nothing; its followers choose another long before the call's time is up. */
  #whenLeaderMoves(target: number, callback: () => void): () => void {
    const { clock, raft, settings } = this.#options;
    const { term } = raft.status();
    let cancel: () => void = () => {};
    const look = (): void => {
      const now = raft.status();
      if (now.term > term && now.leader !== 0 && now.leader !== target) callback();
      else cancel = clock.after(settings.leaderCheckMs, look);
    };
    cancel = clock.after(settings.leaderCheckMs, look);
    return () => {
      cancel();
    };
  }
}

function tooLate({ effect }: { readonly effect: "read" | "write" }): Error {
  return effect === "write" ? new OutcomeUnknownError() : new ReadTimeoutError();
}

/** What to say when every try within the time failed. */
function lastWord(mayHaveHappened: boolean, lastError: unknown): Error {
  if (mayHaveHappened) return new OutcomeUnknownError({ cause: lastError });
  const { code, category } = errorFacts(lastError);
  if (category === "unknown-outcome") return new ReadTimeoutError({ cause: lastError });
  return lastError instanceof Error && !LEADERLESS.has(code)
    ? lastError
    : new NoLeaderError({ cause: lastError });
}

function orAborted<T>(promise: Promise<T>, signal: AbortSignal, error: () => Error): Promise<T> {
  return new Promise((resolve, reject) => {
    signal.addEventListener(
      "abort",
      () => {
        reject(error());
      },
      { once: true },
    );
    promise.then(resolve, reject);
  });
}

import type { Clock } from "../contracts.ts";
import { Backoff } from "../node/backoff.ts";
import { asError } from "../node/errors.ts";
import { attempt, pause } from "./attempt.ts";
import { SessionOutcomeUnknownError } from "./errors.ts";
import type { SessionResult } from "./results.ts";

/**
 * Has an entry proposed and applied, and gives what came of it; `RaftNode.propose` of whoever leads, over any wire. It
 * may reject. A `category` of "unavailable" or "exhausted" says that nothing was done, as `RaftNode` means it; "invalid",
 * "denied", "not-found" or "conflict" says so too, and that asking again is in vain. Anything else leaves the outcome open, and so must be what a wire
 * says that broke midway: all of it is sent again, but what is said of a proposal that is given up rests on this.
 */
export type SessionPropose<Result> = (
  entry: Uint8Array,
  options: { readonly signal: AbortSignal },
) => Promise<SessionResult<Result>>;

export interface DeliveryParts<Result> {
  readonly propose: SessionPropose<Result>;
  readonly clock: Clock;
  readonly random: () => number;
  readonly retryMs: { readonly min: number; readonly max: number };
  readonly attemptTimeoutMs: number;
}

/** What a failed try says about its entry. */
type Meaning = "notDone" | "unknown" | "vain";

/** One entry of a session, sent until it is known how it ended. */
export class Delivery<Result> {
  readonly #parts: DeliveryParts<Result>;
  readonly #encode: () => Uint8Array;
  readonly #stop = new AbortController();
  #mayHaveBeenApplied = false;

  /** `encode` is asked anew for each try. */
  constructor(parts: DeliveryParts<Result>, encode: () => Uint8Array) {
    this.#parts = parts;
    this.#encode = encode;
  }

  /** Whether some try ended without telling what came of it. */
  get mayHaveBeenApplied(): boolean {
    return this.#mayHaveBeenApplied;
  }

  /** Ends the waiting with `reason`, or with {@link SessionOutcomeUnknownError} if the entry may have been applied. */
  stop(reason: Error): void {
    this.#stop.abort(reason);
  }

  /** Resolves with the cluster's answer. Rejects with the reason of {@link stop}, or with why asking again is in vain. */
  async run(): Promise<SessionResult<Result>> {
    const backoff = new Backoff(this.#parts.retryMs);
    while (!this.#stop.signal.aborted) {
      const answer = await this.#try();
      if (answer !== undefined) return answer;
      await this.#pause(backoff.failed());
    }
    throw this.#ended(asError(this.#stop.signal.reason));
  }

  async #try(): Promise<SessionResult<Result> | undefined> {
    const { clock, attemptTimeoutMs, propose } = this.#parts;
    const entry = this.#encode();
    const end = await attempt(clock, attemptTimeoutMs, this.#stop.signal, (signal) =>
      propose(entry, { signal }),
    );
    if (end.kind === "answered") return isWindowFull(end.value) ? undefined : end.value;
    const meaning = end.kind === "failed" ? meaningOf(end.error) : "unknown";
    if (meaning === "unknown") this.#mayHaveBeenApplied = true;
    if (meaning === "vain" && end.kind === "failed") throw this.#ended(asError(end.error));
    return undefined;
  }

  /** From half the wait on, so that many who failed together do not come back together. */
  async #pause(waitMs: number): Promise<void> {
    const { clock, random } = this.#parts;
    await pause(clock, waitMs * (0.5 + random() / 2), this.#stop.signal);
  }

  #ended(reason: Error): Error {
    return this.#mayHaveBeenApplied ? new SessionOutcomeUnknownError(reason) : reason;
  }
}

/** The limits were lowered since the session was opened: nothing was applied, and it passes. */
function isWindowFull(answer: SessionResult<unknown>): boolean {
  return answer.kind === "refused" && answer.reason === "windowFull";
}

function meaningOf(error: unknown): Meaning {
  const category: unknown =
    typeof error === "object" && error !== null && "category" in error ? error.category : undefined;
  switch (category) {
    case "unavailable":
    case "exhausted":
      return "notDone";
    case "invalid":
    case "denied":
    case "not-found":
    case "conflict":
      return "vain";
    default:
      return "unknown";
  }
}

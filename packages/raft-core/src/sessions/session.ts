import { deliverUnnumbered, givenUp, onAbort, unexpected } from "./calls.ts";
import { Delivery, type SessionPropose } from "./delivery.ts";
import { encodeSessionEntry } from "./entry.ts";
import { SessionBusyError, SessionClosedError, SessionExpiredError } from "./errors.ts";
import { refusalError, resultOrThrow, type SessionResult } from "./results.ts";
import {
  type ResolvedSessionOptions,
  resolveSessionOptions,
  type SessionCallOptions,
  type SessionOptions,
} from "./session-options.ts";

interface Waiting<Result> {
  readonly data: Uint8Array;
  readonly resolve: (result: Result) => void;
  readonly reject: (error: Error) => void;
  /** Ends it, wherever it stands. */
  stop: (reason: Error) => void;
  forgetSignal: () => void;
}

/**
 * The client's side of a session (dissertation 6.3): numbers proposals, and sends each until it knows how it ended. Each is
 * applied once, however often it is sent. Proposals of one session that are under way at a time may be applied in any
 * order; to have an order, await the first. One process, one session: two that share an id mistake each other's results for their own.
 *
 * @example
 * const session = await Session.open((entry, { signal }) => node.propose(entry, { signal }), { clock, random });
 * await session.propose(command);
 * await session.end();
 */
export class Session<Result> {
  readonly id: number;
  readonly #options: ResolvedSessionOptions<Result>;
  /** By serial, ascending. */
  readonly #underWay = new Map<number, Waiting<Result>>();
  readonly #waiting = new Set<Waiting<Result>>();
  #nextSerial = 1;
  #ended: (() => Error) | undefined;

  private constructor(id: number, options: ResolvedSessionOptions<Result>) {
    this.id = id;
    this.#options = options;
  }

  /**
   * Registers a session with the cluster. Asks again until it is answered; a session registered twice over costs
   * a place in the table until it expires. Rejects with `ProposalDroppedError` or `SessionOutcomeUnknownError` when
   * `signal` is aborted, `InvalidOptionError`, `SessionEntryError` (the state machine knows no sessions), or what `propose` says is in vain.
   */
  static async open<Result>(
    propose: SessionPropose<Result>,
    options: SessionOptions & SessionCallOptions,
  ): Promise<Session<Result>> {
    const resolved = resolveSessionOptions(propose, options);
    const answer = await deliverUnnumbered(resolved, { kind: "register" }, options.signal);
    if (answer.kind !== "registered") throw unexpected(answer);
    const maxOutstanding = Math.min(resolved.maxOutstanding, answer.maxOutstanding);
    return new Session(answer.session, { ...resolved, maxOutstanding });
  }

  /** Proposals that were begun and have not ended. */
  get pending(): number {
    return this.#underWay.size + this.#waiting.size;
  }

  /**
   * Resolves with the state machine's result once the proposal is applied, which happens once. The bytes are kept, not
   * copied: do not write to them again. Asks again without end; to end it, abort `signal`. Rejects with
   * - `SessionBusyError`: too many wait; nothing was proposed;
   * - `ProposalDroppedError`: given up by `signal`, and known to have had no effect, ever;
   * - `SessionClosedError`: the session was closed, and the proposal is known to have had no effect, ever;
   * - `SessionExpiredError`: the cluster forgot the session; `mayHaveBeenApplied` says what is known of this proposal;
   * - `SessionOutcomeUnknownError`: given up, or the session closed, when it may have been applied. After `end()` it will not be any more;
   * - `SessionResultNotKeptError`: applied, and its result is lost; or what `propose` says is in vain.
   */
  propose(data: Uint8Array, { signal }: SessionCallOptions = {}): Promise<Result> {
    return new Promise((resolve, reject) => {
      const refusal = this.#refusal(signal);
      if (refusal !== undefined) {
        reject(refusal);
        return;
      }
      const waiting: Waiting<Result> = {
        data,
        resolve,
        reject,
        stop: (reason) => this.#leave(waiting, reason),
        forgetSignal: () => {},
      };
      this.#waiting.add(waiting);
      if (signal !== undefined) waiting.forgetSignal = onAbort(signal, () => waiting.stop(givenUp(signal)));
      this.#startNext();
    });
  }

  /** Ends everything here at once: pending calls reject, timers are released. The cluster forgets the session in its own time. May be called twice. */
  close(): void {
    this.#endWith(() => new SessionClosedError("The session was closed. Open another one."));
    for (const waiting of [...this.#waiting, ...this.#underWay.values()])
      waiting.stop(new SessionClosedError("The session was closed before the proposal had any effect."));
  }

  /**
   * Closes, and has the cluster forget the session. Once it resolves, nothing of this session will be applied any more, also
   * no late copy of what was given up. Rejects as {@link open} does.
   */
  async end({ signal }: SessionCallOptions = {}): Promise<void> {
    this.close();
    const answer = await deliverUnnumbered(this.#options, { kind: "end", session: this.id }, signal);
    if (answer.kind === "done") return;
    if (answer.kind === "refused" && answer.reason === "sessionUnknown") return;
    throw unexpected(answer);
  }

  #refusal(signal: AbortSignal | undefined): Error | undefined {
    if (this.#ended !== undefined) return this.#ended();
    if (signal?.aborted === true) return givenUp(signal);
    if (this.#waiting.size < this.#options.maxWaiting) return undefined;
    return new SessionBusyError(
      `${this.#options.maxWaiting} proposals wait for their turn in this session. Try again when some have ended.`,
    );
  }

  /** The cluster keeps results from here on. */
  get #firstUnanswered(): number {
    for (const serial of this.#underWay.keys()) return serial;
    return this.#nextSerial;
  }

  #startNext(): void {
    for (const waiting of this.#waiting) {
      if (this.#nextSerial - this.#firstUnanswered >= this.#options.maxOutstanding) return;
      this.#waiting.delete(waiting);
      void this.#carry(waiting, this.#nextSerial++);
    }
  }

  async #carry(waiting: Waiting<Result>, serial: number): Promise<void> {
    const { data: payload } = waiting;
    const delivery = new Delivery(this.#options, () => {
      const firstUnanswered = this.#firstUnanswered;
      return encodeSessionEntry({ kind: "command", session: this.id, serial, firstUnanswered, payload });
    });
    waiting.stop = (reason) => delivery.stop(reason);
    this.#underWay.set(serial, waiting);
    try {
      waiting.resolve(this.#resultOf(await delivery.run(), delivery.mayHaveBeenApplied));
    } catch (error) {
      waiting.reject(error as Error);
    } finally {
      waiting.forgetSignal();
      this.#underWay.delete(serial);
      this.#startNext();
    }
  }

  #resultOf(answer: SessionResult<Result>, mayHaveBeenApplied: boolean): Result {
    if (answer.kind !== "refused") return resultOrThrow(answer);
    if (answer.reason === "sessionUnknown") this.#expire();
    throw refusalError(answer.reason, mayHaveBeenApplied);
  }

  /** What is under way hears it from the cluster; what waits was never sent. */
  #expire(): void {
    this.#endWith(() => new SessionExpiredError(false));
    for (const waiting of this.#waiting) this.#leave(waiting, new SessionExpiredError(false));
  }

  #endWith(reason: () => Error): void {
    this.#ended ??= reason;
  }

  #leave(waiting: Waiting<Result>, reason: Error): void {
    this.#waiting.delete(waiting);
    waiting.forgetSignal();
    waiting.reject(reason);
  }
}

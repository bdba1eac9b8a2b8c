/**
 * The output of one attempt, to its end, from wherever it is to be had.
 *
 * It comes from the node that ran the attempt, live or from its spool, and is taken up again at the offset reached
 * when the connection breaks. Where that node holds nothing of it, or is gone, what is replicated with the result
 * takes its place: a gap, then the tail. So offsets stay true, and whatever is missing is told.
 */
import { AttemptOutcome, OutputStream } from "@coxswain/protocol";
import type { Attempt, AttemptResult, JobLogsResponse, OutputPiece } from "@coxswain/protocol";
import { errorFacts, JobNotFoundError } from "./errors.ts";
import type { JobFollower } from "./job-watch.ts";
import { OutputUnreachableError } from "./log-errors.ts";
import type { ServiceParts } from "./service-parts.ts";

/** Where to go on: at an offset, or so many bytes before what is the end by then. */
export type LogPosition = { readonly offset: number } | { readonly tailBytes: number };

export interface AttemptLogRequest {
  readonly jobId: string;
  readonly executionId: string;
  readonly number: number;
  readonly from: LogPosition;
  readonly noFollow: boolean;
}

export interface AttemptLogParts extends Pick<
  ServiceParts,
  "nodeId" | "store" | "peers" | "localStream" | "settings" | "clock" | "logger"
> {
  readonly follower: JobFollower;
  readonly signal: AbortSignal;
}

const FIRST_PAUSE_MS = 10;
const LONGEST_PAUSE_MS = 1_000;

/** What another try may mend. */
const REPEATED: ReadonlySet<string> = new Set(["unavailable", "unknown-outcome"]);

/** How a stream of pieces came to its end: with the attempt, with nothing, or for no reason given. */
type StreamEnd = "ended" | "unknown" | "over" | "broken";

export class AttemptLog {
  readonly #parts: AttemptLogParts;
  readonly #request: AttemptLogRequest;
  #position: LogPosition;
  /** Tries since something last came, and when the first of them failed. */
  #failures = 0;
  #failingSinceMs = 0;
  #lastError: unknown;

  constructor(parts: AttemptLogParts, request: AttemptLogRequest) {
    this.#parts = parts;
    this.#request = request;
    this.#position = request.from;
  }

  /** Returns whether the attempt is over: false where it was not to be followed, and goes on. */
  async *messages(): AsyncGenerator<JobLogsResponse, boolean, undefined> {
    const { clock, settings } = this.#parts;
    for (;;) {
      const before = await this.#attempt();
      const openedAtMs = clock.now();
      const end = yield* this.#stream(before.nodeId);
      // A stream that stood for so long was served, though the job had nothing to say.
      if (clock.now() - openedAtMs >= settings.outputPatienceMs) this.#failures = 0;
      // It went on when it was asked for: what came meanwhile is more than what there was, and not missing.
      if (end === "over" && this.#request.noFollow && before.result === undefined) return false;
      if (end === "ended" && !this.#request.noFollow) await this.#untilResult();
      const { result, nodeId } = await this.#attempt();
      if (result !== undefined && this.#settled(end, nodeId)) {
        yield* this.#rest(result, end);
        return true;
      }
      if (end !== "broken" && this.#request.noFollow) return false;
      this.#failures++;
      if (this.#failures === 1) this.#failingSinceMs = clock.now();
      if (result === undefined && this.#patienceIsOver)
        throw new OutputUnreachableError(nodeId, { cause: this.#lastError });
      await this.#pause();
    }
  }

  async *#stream(nodeId: number): AsyncGenerator<JobLogsResponse, StreamEnd, undefined> {
    const { signal } = this.#parts;
    try {
      for await (const piece of this.#open(nodeId)) {
        if (piece.ended) return "ended";
        if (piece.unknown) return "unknown";
        this.#failures = 0;
        this.#position = { offset: piece.offset + (piece.gapBytes > 0 ? piece.gapBytes : piece.data.length) };
        yield this.#message(piece.offset, {
          log: piece.data,
          stream: piece.stream,
          gapBytes: piece.gapBytes,
        });
      }
      return "over";
    } catch (error) {
      signal.throwIfAborted();
      if (!REPEATED.has(errorFacts(error).category)) throw error;
      this.#lastError = error;
      return "broken";
    }
  }

  #open(nodeId: number): AsyncIterable<OutputPiece> {
    const { executionId, number: attempt, noFollow } = this.#request;
    const request = { executionId, attempt, noFollow, ...this.#position };
    const { localStream, peers, signal } = this.#parts;
    return nodeId === this.#parts.nodeId
      ? localStream(request, { signal })
      : peers.streamOutput(nodeId, request, { signal });
  }

  /** Whether there is no point in asking that node again, the attempt being over. */
  #settled(end: StreamEnd, nodeId: number): boolean {
    const { store } = this.#parts;
    return end !== "broken" || this.#patienceIsOver || (store.node(nodeId)?.lost ?? true);
  }

  get #patienceIsOver(): boolean {
    const { clock, settings } = this.#parts;
    return this.#failures > 0 && clock.now() - this.#failingSinceMs >= settings.outputPatienceMs;
  }

  /** What the result knows beyond what was read: a gap, then the tail, which does not tell stdout from stderr. */
  *#rest(
    { outputBytes, outputTail, outcome, errorType }: AttemptResult,
    end: StreamEnd,
  ): Generator<JobLogsResponse> {
    const from =
      "offset" in this.#position
        ? this.#position.offset
        : Math.max(0, outputBytes - this.#position.tailBytes);
    const tailFrom = outputBytes - outputTail.length;
    const start = Math.max(from, tailFrom);
    // Where a tail begins, as from a node that holds it: there may be no byte to tell.
    if ("tailBytes" in this.#position) yield this.#message(from, {});
    if (from < tailFrom) yield this.#message(from, { gapBytes: tailFrom - from });
    if (start < outputBytes) yield this.#message(start, { log: outputTail.subarray(start - tailFrom) });
    // A node that is lost could tell nobody how much its attempt had written.
    const untold = outcome === AttemptOutcome.LOST && errorType === "NODE_LOST";
    if (untold && end !== "ended") yield this.#message(from, { restLost: true });
  }

  #message(offset: number, parts: Partial<JobLogsResponse>): JobLogsResponse {
    const { executionId, number: attempt } = this.#request;
    return {
      log: NOTHING,
      stream: OutputStream.UNSPECIFIED,
      offset,
      executionId,
      attempt,
      gapBytes: 0,
      exit: undefined,
      restLost: false,
      ...parts,
    };
  }

  async #attempt(): Promise<Attempt> {
    const { jobId, executionId, number } = this.#request;
    const execution = await this.#parts.store.execution(executionId);
    const attempt = execution?.attempts[number - 1];
    if (attempt === undefined) throw new JobNotFoundError(jobId);
    return attempt;
  }

  /** The output has ended: its result is on its way through the log. */
  async #untilResult(): Promise<void> {
    const { clock, settings, follower, signal } = this.#parts;
    const endsAtMs = clock.now() + settings.outputPatienceMs;
    for (;;) {
      const { result, nodeId } = await this.#attempt();
      if (result !== undefined) return;
      const timeoutMs = endsAtMs - clock.now();
      if (timeoutMs <= 0) throw new OutputUnreachableError(nodeId);
      await follower.changed({ signal, timeoutMs });
    }
  }

  async #pause(): Promise<void> {
    const { follower, signal } = this.#parts;
    const timeoutMs = Math.min(LONGEST_PAUSE_MS, FIRST_PAUSE_MS * 2 ** Math.min(this.#failures, 10));
    await follower.changed({ signal, timeoutMs });
  }
}

const NOTHING = new Uint8Array();

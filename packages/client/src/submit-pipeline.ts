import { type Client, status } from "@grpc/grpc-js";
import type { SubmitJobRequest, SubmitJobResponse, SubmitJobResult } from "@coxswain/protocol";
import { type CategorizedError, type RemoteError, errorFromStatus } from "@coxswain/rpc";
import { type BackoffSettings, backoffMs } from "./backoff.ts";
import {
  type CoxswainClientError,
  clientClosed,
  clientError,
  gaveUp,
  isRetryable,
  isUnknownOutcome,
  refusedAfter,
} from "./errors.ts";
import { PendingSubmit } from "./pending-submit.ts";
import { noAnswer, resultError, tooMany } from "./submit-errors.ts";
import { SubmitQueue } from "./submit-queue.ts";
import { SubmitStream } from "./submit-stream.ts";

/** Where the pipeline gets its connections, and whom it tells of failures and leaders. */
export interface SubmitConnections {
  readonly servers: { readonly current: string; prefer(leader: string | undefined): void };
  clientOf(address: string): Client;
  noteFailure(address: string, error: { readonly category: string }): void;
}

export interface SubmitPipelineOptions {
  readonly backoff: BackoffSettings;
  /** Submits that may wait or be on their way at a time. */
  readonly maxPending: number;
  /** Messages on their way at a time; what comes meanwhile goes together into the next one. */
  readonly maxBatchesInFlight: number;
  readonly answerTimeoutMs: number;
}

const expiryStepMs = 50;

/**
 * All submits of a client over one stream: a unary call for each costs three to five times as much.
 *
 * Batches grow by themselves: while `maxBatchesInFlight` messages are unanswered, submits gather; a lone submit goes
 * out at once. When the stream breaks, whatever is unanswered goes again, with the same ids, over a new one.
 */
export class SubmitPipeline {
  readonly #connections: SubmitConnections;
  readonly #options: SubmitPipelineOptions;
  readonly #pending = new Set<PendingSubmit>();
  readonly #queue = new SubmitQueue();
  readonly #streams = new Set<SubmitStream>();
  /** The one that takes new batches; others only wait for their last answers. */
  #stream: SubmitStream | undefined;
  #failuresInARow = 0;
  #pauseUntilMs = 0;
  #cancelPump: (() => void) | undefined;
  #expiry: NodeJS.Timeout | undefined;
  #closed = false;

  constructor(connections: SubmitConnections, options: SubmitPipelineOptions) {
    this.#connections = connections;
    this.#options = options;
  }

  /** @throws CoxswainClientError */
  submit(request: SubmitJobRequest, deadlineMs: number): Promise<SubmitJobResponse> {
    return new Promise((resolve, reject) => {
      if (this.#closed) throw clientClosed();
      if (this.#pending.size >= this.#options.maxPending) throw tooMany(this.#pending.size);
      const submit = new PendingSubmit(request, deadlineMs, resolve, reject);
      this.#pending.add(submit);
      this.#queue.push(submit);
      this.#schedulePump();
      this.#scheduleExpiry();
    });
  }

  /** Fails what is under way and ends the streams. */
  close(): void {
    this.#closed = true;
    clearTimeout(this.#expiry);
    this.#cancelPump?.();
    for (const submit of this.#pending) this.#fail(submit, clientClosed(submit.mayBeDone));
    this.#queue.clear();
    const closed = errorFromStatus({ code: status.CANCELLED, details: "The client closed." });
    for (const stream of this.#streams) stream.abandon(closed);
  }

  /** Submits of one turn of the event loop share a message; after a failure they wait. */
  #schedulePump(): void {
    if (this.#cancelPump !== undefined || this.#closed || this.#queue.length === 0) return;
    const run = (): void => {
      this.#cancelPump = undefined;
      this.#send();
    };
    const waitMs = this.#pauseUntilMs - Date.now();
    if (waitMs > 0) {
      const timer = setTimeout(run, waitMs);
      this.#cancelPump = () => {
        clearTimeout(timer);
      };
    } else {
      const turn = setImmediate(run);
      this.#cancelPump = () => {
        clearImmediate(turn);
      };
    }
  }

  #send(): void {
    let stream: SubmitStream;
    try {
      stream = this.#stream ??= this.#open();
    } catch (error) {
      // Such as an address that grpc-js refuses: nothing that waiting cures.
      this.#queue.clear();
      for (const submit of this.#pending) this.#fail(submit, clientError(error));
      return;
    }
    while (stream.batchesInFlight < this.#options.maxBatchesInFlight) {
      const batch = this.#queue.takeBatch();
      if (batch.length === 0) return;
      for (const submit of batch) submit.carrier = stream;
      stream.send(batch);
    }
  }

  #open(): SubmitStream {
    const address = this.#connections.servers.current;
    const stream: SubmitStream = new SubmitStream(
      this.#connections.clientOf(address),
      address,
      this.#options.answerTimeoutMs,
      {
        answered: (batch, results) => {
          this.#answered(stream, batch, results);
        },
        over: (unanswered, error) => {
          this.#over(stream, unanswered, error);
        },
        leader: (leader) => {
          this.#connections.servers.prefer(leader);
          this.#retireIfElsewhere(stream);
        },
      },
    );
    this.#streams.add(stream);
    return stream;
  }

  /** Another server is better now: what is on its way here is answered here, the rest goes there. */
  #retireIfElsewhere(stream: SubmitStream): void {
    if (this.#stream !== stream || this.#connections.servers.current === stream.address) return;
    this.#stream = undefined;
    stream.finishSending();
    this.#schedulePump();
  }

  #answered(
    stream: SubmitStream,
    batch: readonly PendingSubmit[],
    results: readonly SubmitJobResult[],
  ): void {
    const again: PendingSubmit[] = [];
    for (const [index, submit] of batch.entries()) {
      const result = results[index]?.result;
      if (result?.$case === "job") {
        this.#failuresInARow = 0;
        this.#pending.delete(submit);
        submit.resolve(result.value);
        continue;
      }
      const error = resultError(result?.value);
      this.#connections.noteFailure(stream.address, error);
      if (this.#keepAfter(submit, error)) again.push(submit);
    }
    this.#tryAgain(again);
    this.#retireIfElsewhere(stream);
    this.#schedulePump();
  }

  #over(stream: SubmitStream, unanswered: readonly PendingSubmit[], error: RemoteError | undefined): void {
    this.#streams.delete(stream);
    if (this.#stream === stream) this.#stream = undefined;
    if (this.#closed || error === undefined) return;
    this.#connections.noteFailure(stream.address, error);
    this.#tryAgain(unanswered.filter((submit) => this.#keepAfter(submit, error)));
    this.#schedulePump();
  }

  /** Takes an attempt's failure down; whether there may be another attempt. Fails the submit if not. */
  #keepAfter(submit: PendingSubmit, error: CategorizedError): boolean {
    submit.carrier = undefined;
    submit.failures += 1;
    submit.lastError = error;
    submit.unknown ||= isUnknownOutcome(error);
    if (submit.settled) return false;
    if (isRetryable(error)) return true;
    this.#fail(submit, refusedAfter(error, submit.failures, submit.unknown));
    return false;
  }

  #tryAgain(submits: readonly PendingSubmit[]): void {
    if (submits.length === 0) return;
    this.#failuresInARow += 1;
    this.#pauseUntilMs = Date.now() + backoffMs(this.#failuresInARow, this.#options.backoff);
    this.#queue.putBack(submits);
  }

  #giveUp(submit: PendingSubmit, error: CoxswainClientError): void {
    const attempts = Math.max(1, submit.failures + (submit.carrier === undefined ? 0 : 1));
    this.#fail(submit, gaveUp(submit.lastError ?? error, attempts, submit.mayBeDone));
  }

  #fail(submit: PendingSubmit, error: CoxswainClientError): void {
    this.#pending.delete(submit);
    if (!submit.settled) submit.reject(error);
  }

  /** In coarse steps: a timer for each of ten thousand submits a second would cost more than it is worth. */
  #scheduleExpiry(): void {
    this.#expiry ??= setTimeout(() => {
      this.#expiry = undefined;
      const nowMs = Date.now();
      for (const submit of this.#pending) {
        if (submit.deadlineMs <= nowMs) this.#giveUp(submit, noAnswer());
      }
      if (this.#pending.size > 0) this.#scheduleExpiry();
    }, expiryStepMs);
  }
}

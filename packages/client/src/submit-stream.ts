import {
  type Client,
  type ClientDuplexStream,
  connectivityState,
  Metadata,
  type ServiceError,
  status,
} from "@grpc/grpc-js";
import {
  SchedulerServiceService,
  type SubmitJobResult,
  type SubmitJobsRequest,
  type SubmitJobsResponse,
} from "@coxswain/protocol";
import { type RemoteError, errorFromStatus, leaderHint } from "@coxswain/rpc";
import type { PendingSubmit, SubmitCarrier } from "./pending-submit.ts";

export interface SubmitStreamEvents {
  /** A batch was answered, in the order it was sent. */
  answered(batch: readonly PendingSubmit[], results: readonly SubmitJobResult[]): void;
  /** The stream is over; these were sent and not answered. No error when it was to end and everything was answered. */
  over(unanswered: readonly PendingSubmit[], error: RemoteError | undefined): void;
  /** The server said where the leader is. */
  leader(address: string | undefined): void;
}

/** One SubmitJobs call: batches out, results back by sequence number, and whatever is unanswered when it breaks. */
export class SubmitStream implements SubmitCarrier {
  readonly address: string;
  readonly #client: Client;
  readonly #events: SubmitStreamEvents;
  readonly #call: ClientDuplexStream<SubmitJobsRequest, SubmitJobsResponse>;
  readonly #inFlight = new Map<number, readonly PendingSubmit[]>();
  readonly #answerTimeoutMs: number;
  #stall: NodeJS.Timeout | undefined;
  #sequence = 0;
  #finishing = false;
  #over = false;

  constructor(client: Client, address: string, answerTimeoutMs: number, events: SubmitStreamEvents) {
    this.address = address;
    this.#client = client;
    this.#events = events;
    this.#answerTimeoutMs = answerTimeoutMs;
    const { path, requestSerialize, responseDeserialize } = SchedulerServiceService.submitJobs;
    this.#call = client.makeBidiStreamRequest(path, requestSerialize, responseDeserialize, new Metadata());
    this.#call.on("metadata", (metadata: Metadata) => {
      events.leader(leaderHint(metadata));
    });
    this.#call.on("data", (response: SubmitJobsResponse) => {
      this.#answered(response);
    });
    this.#call.on("error", (error: ServiceError) => {
      this.#finish(errorFromStatus(error));
    });
    this.#call.on("end", () => {
      this.#finish(errorFromStatus({ code: status.UNAVAILABLE, details: "The server ended the stream." }));
    });
  }

  /** Once connected, a lost connection ends the stream: so without one now there was none. */
  get isConnected(): boolean {
    return this.#client.getChannel().getConnectivityState(false) === connectivityState.READY;
  }

  get batchesInFlight(): number {
    return this.#inFlight.size;
  }

  send(batch: readonly PendingSubmit[]): void {
    const sequence = (this.#sequence += 1);
    this.#inFlight.set(sequence, batch);
    this.#call.write({ sequence, jobs: batch.map(({ request }) => request) });
    this.#watch();
  }

  /** No more batches; answers to those sent still come. */
  finishSending(): void {
    this.#finishing = true;
    this.#call.end();
  }

  /** Ends it at once; what is unanswered is reported as `over`. */
  abandon(error: RemoteError): void {
    this.#call.cancel();
    this.#finish(error);
  }

  #answered({ sequence, results }: SubmitJobsResponse): void {
    const batch = this.#inFlight.get(sequence);
    if (batch === undefined || this.#over) return;
    this.#inFlight.delete(sequence);
    this.#watch();
    this.#events.answered(batch, results);
  }

  /** A connection may be up and the server behind it stopped: an answer that is overdue ends the stream. */
  #watch(): void {
    clearTimeout(this.#stall);
    if (this.#inFlight.size === 0) return;
    this.#stall = setTimeout(() => {
      this.abandon(
        errorFromStatus({ code: status.DEADLINE_EXCEEDED, details: `No answer from ${this.address}.` }),
      );
    }, this.#answerTimeoutMs);
  }

  #finish(error: RemoteError): void {
    if (this.#over) return;
    this.#over = true;
    clearTimeout(this.#stall);
    const unanswered = [...this.#inFlight.values()].flat();
    this.#inFlight.clear();
    const asWished = this.#finishing && unanswered.length === 0;
    this.#events.over(unanswered, asWished ? undefined : error);
  }
}

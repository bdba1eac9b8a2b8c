import { OutputBuffer } from "@coxswain/executor";
import type { AttemptContext, AttemptRef, RunningTask, TaskResult } from "@coxswain/executor";
import type { Agent, Dispatcher } from "undici";
import { endingOfCause, endingOfError, endingOfStatus } from "./ending.ts";
import type { Cause, Ending, Head } from "./ending.ts";
import type { WebhookRequest } from "./request.ts";

/** One request and its response. */
export class WebhookAttempt implements RunningTask {
  readonly ref: AttemptRef;
  /** The start of the response's body. */
  readonly output: OutputBuffer;
  readonly result: Promise<TaskResult>;
  readonly #request: WebhookRequest;
  readonly #timeoutMs: number;
  readonly #context: AttemptContext;
  readonly #agent: Agent;
  readonly #abort = new AbortController();
  #cause: Cause | undefined;
  #head: Head | undefined;

  constructor(
    request: WebhookRequest,
    timeoutMs: number,
    context: AttemptContext,
    agent: Agent,
    bodyMaxBytes: number,
  ) {
    this.ref = context.ref;
    this.output = new OutputBuffer({ capacityBytes: bodyMaxBytes });
    this.#request = request;
    this.#timeoutMs = timeoutMs;
    this.#context = context;
    this.#agent = agent;
    this.result = this.#live();
  }

  /** Breaks the request off at once: a request has nothing to wind up, so the grace is not used. */
  async stop(_graceMs: number): Promise<void> {
    this.#end("stop");
    await this.result;
  }

  #end(cause: Cause): void {
    this.#cause ??= cause;
    this.#abort.abort();
  }

  async #live(): Promise<TaskResult> {
    const { clock } = this.#context;
    const startedAtMs = clock.now();
    const cancelTimeout = clock.after(this.#timeoutMs, () => this.#end("timeout"));
    const ending = await this.#run(startedAtMs).catch((error: unknown) => this.#endingOf(error));
    cancelTimeout();
    this.output.end();
    // A target that was refused was never asked.
    const ran = ending.errorType !== "TARGET_REFUSED";
    return { ...ending, startedAtMs: ran ? startedAtMs : 0, endedAtMs: clock.now() };
  }

  #endingOf(error: unknown): Ending {
    if (this.#cause) return endingOfCause(this.#cause, this.#timeoutMs, this.#head);
    return endingOfError(error, this.#head);
  }

  async #run(startedAtMs: number): Promise<Ending> {
    const { origin, path, method, headers, body } = this.#request;
    const sentAtMs = performance.now();
    const response = await this.#agent.request({
      origin,
      path,
      method: method as Dispatcher.HttpMethod,
      headers,
      body: body?.(startedAtMs) ?? null,
      signal: this.#abort.signal,
    });
    const responseTimeMs = Math.round(performance.now() - sentAtMs);
    this.#head = { httpStatus: response.statusCode, responseTimeMs };
    const ending = endingOfStatus(this.#head);
    const read = this.#read(response.body);
    if (ending.outcome === "succeeded") return read.then(() => ending);
    // The body of a refusal is there to be read by people; what becomes of it changes nothing.
    await read.catch(() => {});
    return this.#cause === "stop" ? endingOfCause("stop", this.#timeoutMs, this.#head) : ending;
  }

  /** Reads until the end, or until the buffer is full: then the rest is cut, with its connection. */
  async #read(body: Dispatcher.ResponseData["body"]): Promise<void> {
    const room = (): number => this.output.capacityBytes - this.output.totalBytes;
    for await (const chunk of body as AsyncIterable<Uint8Array>) {
      this.output.write(chunk.subarray(0, room()), "stdout");
      if (room() === 0) break;
    }
  }
}

import { OutputBuffer } from "@coxswain/executor";
import type { AttemptContext, AttemptRef, RunningTask, TaskResult } from "@coxswain/executor";
import type { Agent, Dispatcher } from "undici";
import { endingOfCause, endingOfError, endingOfRedirect, endingOfStatus } from "./ending.ts";
import type { Cause, Ending, Head } from "./ending.ts";
import { redirectionOf } from "./redirect.ts";
import type { WebhookRequest } from "./request.ts";
import { signatureOf } from "./signature.ts";

interface Answer {
  readonly response: Dispatcher.ResponseData;
  readonly head: Head;
}

/** How attempts are sent: the executor's options, made ready. */
export interface Sending {
  readonly agent: Agent;
  readonly bodyMaxBytes: number;
  readonly maxRedirects: number;
  readonly signingSecret: string | Uint8Array | undefined;
}

/** One request and its response. */
export class WebhookAttempt implements RunningTask {
  readonly ref: AttemptRef;
  /** The start of the response's body. */
  readonly output: OutputBuffer;
  readonly result: Promise<TaskResult>;
  readonly #request: WebhookRequest;
  readonly #timeoutMs: number;
  readonly #context: AttemptContext;
  readonly #sending: Sending;
  readonly #abort = new AbortController();
  #cause: Cause | undefined;
  #head: Head | undefined;

  constructor(request: WebhookRequest, timeoutMs: number, context: AttemptContext, sending: Sending) {
    this.ref = context.ref;
    this.output = new OutputBuffer({ capacityBytes: sending.bodyMaxBytes, budget: context.outputBudget });
    this.#request = request;
    this.#timeoutMs = timeoutMs;
    this.#context = context;
    this.#sending = sending;
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
    const { maxRedirects } = this.#sending;
    const body = this.#request.body?.(startedAtMs);
    let request = this.#request;
    for (let redirects = 0; ; redirects += 1) {
      const { response, head } = await this.#send(request, body, startedAtMs);
      if (maxRedirects === 0 || !isRedirect(head.httpStatus)) return this.#finish(response, head);
      drop(response.body);
      if (redirects === maxRedirects) return endingOfRedirect(head, `that is redirect ${redirects + 1}, and ${maxRedirects} are followed`);
      const redirection = redirectionOf(request, head.httpStatus, response.headers["location"]);
      if ("refused" in redirection) return endingOfRedirect(head, redirection.refused);
      request = redirection.next;
      this.#head = undefined;
    }
  }

  async #send(request: WebhookRequest, body: string | undefined, startedAtMs: number): Promise<Answer> {
    const { origin, path, method, headers } = request;
    const { agent, signingSecret: secret } = this.#sending;
    const sentAtMs = performance.now();
    const response = await agent.request({
      origin,
      path,
      method: method as Dispatcher.HttpMethod,
      headers: secret === undefined ? headers : { ...headers, "coxswain-signature": signed(secret, request, body, startedAtMs) },
      body: body ?? null,
      signal: this.#abort.signal,
    });
    const head = { httpStatus: response.statusCode, responseTimeMs: Math.round(performance.now() - sentAtMs) };
    this.#head = head;
    return { response, head };
  }

  async #finish(response: Dispatcher.ResponseData, head: Head): Promise<Ending> {
    const ending = endingOfStatus(head);
    const read = this.#read(response.body);
    if (ending.outcome === "succeeded") return read.then(() => ending);
    // The body of a refusal is there to be read by people; what becomes of it changes nothing.
    await read.catch(() => {});
    return this.#cause === "stop" ? endingOfCause("stop", this.#timeoutMs, head) : ending;
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

/** 304 is an answer to a condition that the task itself set. */
const isRedirect = (status: number): boolean => status >= 300 && status < 400 && status !== 304;

/** A redirect's body is of no interest, and may be endless. */
function drop(body: Dispatcher.ResponseData["body"]): void {
  body.on("error", () => {});
  body.destroy();
}

function signed(secret: string | Uint8Array, request: WebhookRequest, body: string | undefined, startedAtMs: number): string {
  const { idempotencyKey, attempt } = request;
  return signatureOf(secret, { timestampS: Math.floor(startedAtMs / 1000), idempotencyKey, attempt, body: body ?? "" });
}

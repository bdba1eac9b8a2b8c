import { Client, type ClientReadableStream, Metadata, type MethodDefinition } from "@grpc/grpc-js";
import { channelOptions, errorFromStatus, leaderHint } from "@coxswain/rpc";
import type { ClientCredentials } from "./client-options.ts";
import { CoxswainClientError, clientClosed, leaderOf } from "./errors.ts";
import { ServerList } from "./server-list.ts";
import { startedMessages, streamFailure } from "./stream-messages.ts";

/** Many logs at a time share it; a call that is not read holds as much. */
const flowControlWindowBytes = 256 * 1024;

const userAgent = "grpc.primary_user_agent";

/** The client's channels, one for each server that was ever asked, opened when first needed. */
export class Connections {
  readonly servers: ServerList;
  readonly #credentials: ClientCredentials;
  readonly #name: string;
  readonly #clients = new Map<string, Client>();
  readonly #calls = new Set<{ cancel(): void }>();
  #closed = false;

  constructor(servers: readonly string[], credentials: ClientCredentials, name: string) {
    this.servers = new ServerList(servers);
    this.#credentials = credentials;
    this.#name = name;
  }

  /** @throws CoxswainClientError when closed */
  clientOf(address: string): Client {
    if (this.#closed) throw clientClosed();
    const known = this.#clients.get(address);
    if (known !== undefined) return known;
    const settings = { maxMessageBytes: 16 * 1024 * 1024, flowControlWindowBytes };
    const options = { ...channelOptions(settings), [userAgent]: this.#name };
    const client = new Client(address, this.#credentials.credentials, options);
    this.#clients.set(address, client);
    return client;
  }

  /**
   * One attempt of a unary call at the current server. Failures that another server may not have move the list on.
   *
   * @throws RemoteError
   */
  unary<Request, Response>(
    method: MethodDefinition<Request, Response>,
    request: Request,
    deadlineMs: number,
  ): Promise<Response> {
    const address = this.servers.current;
    const client = this.clientOf(address);
    return new Promise((resolve, reject) => {
      const { path, requestSerialize, responseDeserialize } = method;
      const answered = (error: Parameters<typeof errorFromStatus>[0] | null, response?: Response): void => {
        this.#calls.delete(call);
        if (error === null && response !== undefined) {
          resolve(response);
          return;
        }
        const failure = errorFromStatus(error ?? { code: 13, details: "The server sent no answer." });
        this.noteFailure(address, failure);
        reject(failure);
      };
      const options = { deadline: deadlineMs };
      const call = client.makeUnaryRequest(
        path,
        requestSerialize,
        responseDeserialize,
        request,
        new Metadata(),
        options,
        answered,
      );
      this.#calls.add(call);
      call.on("metadata", (metadata: Metadata) => {
        this.servers.prefer(leaderHint(metadata));
      });
    });
  }

  /**
   * One attempt of a server stream at the current server: resolves with its messages once the first one is there.
   *
   * @throws RemoteError when there is none by `firstByMs`; later failures come from the messages
   */
  async stream<Request, Response>(
    method: MethodDefinition<Request, Response>,
    request: Request,
    firstByMs: number,
  ): Promise<AsyncGenerator<Response, void, undefined>> {
    const { address, call } = this.#opened(method, request);
    call.once("close", () => this.#calls.delete(call));
    const overdue = setTimeout(() => {
      call.cancel();
    }, firstByMs - Date.now());
    try {
      return await startedMessages<Response>(call);
    } catch (error) {
      const failure = streamFailure(error);
      this.noteFailure(address, failure);
      throw failure;
    } finally {
      clearTimeout(overdue);
    }
  }

  /**
   * A server stream at the current server, however long its messages take. Leaving it early, or the signal, cancels it.
   *
   * @param answerMs how long the server may take to say that it is there at all
   * @throws RemoteError, CoxswainClientError
   */
  async *messages<Request, Response>(
    method: MethodDefinition<Request, Response>,
    request: Request,
    { signal, answerMs }: { readonly signal: AbortSignal; readonly answerMs: number },
  ): AsyncGenerator<Response, void, undefined> {
    const { address, call } = this.#opened(method, request);
    const cancel = (): void => {
      call.cancel();
    };
    let unanswered = false;
    const overdue = setTimeout(() => {
      unanswered = true;
      call.cancel();
    }, answerMs);
    call.once("metadata", () => {
      clearTimeout(overdue);
    });
    // A cancellation comes back as an error event, which would end the process if nobody listened any more.
    call.on("error", () => undefined);
    signal.addEventListener("abort", cancel);
    try {
      for await (const message of call) yield message as Response;
    } catch (error) {
      const failure = unanswered ? noAnswer(address) : streamFailure(error);
      this.noteFailure(address, failure);
      throw failure;
    } finally {
      clearTimeout(overdue);
      signal.removeEventListener("abort", cancel);
      this.#calls.delete(call);
      cancel();
    }
  }

  /** A server stream at the current server; `close` ends it until it is taken out of `#calls`. */
  #opened<Request, Response>(
    { path, requestSerialize, responseDeserialize }: MethodDefinition<Request, Response>,
    request: Request,
  ): { readonly address: string; readonly call: ClientReadableStream<Response> } {
    const address = this.servers.current;
    const call = this.clientOf(address).makeServerStreamRequest(
      path,
      requestSerialize,
      responseDeserialize,
      request,
      new Metadata(),
    );
    this.#calls.add(call);
    return { address, call };
  }

  /** Turns to the leader that the error names, or to the next server when this one is of no use now. */
  noteFailure(address: string, error: { readonly category: string }): void {
    if (error.category !== "unavailable" && error.category !== "unknown-outcome") return;
    this.servers.failed(address);
    const leader = leaderOf(error);
    if (leader !== address) this.servers.prefer(leader);
  }

  close(): void {
    this.#closed = true;
    for (const call of this.#calls) call.cancel();
    for (const client of this.#clients.values()) client.close();
    this.#clients.clear();
    this.#credentials.stop();
  }
}

/** A server that takes connections and says nothing, as one does that is stopped. */
function noAnswer(address: string): CoxswainClientError {
  return new CoxswainClientError("NO_ANSWER", "unavailable", `${address} did not answer in time.`);
}

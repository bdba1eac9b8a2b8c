/** `Peers` of the job service over InternalService. */
import { errorFromDetail } from "@coxswain/job-service";
import type {
  CallerIdentity,
  ForwardOptions,
  OutputRequest,
  Peers,
  PublicCalls,
  PublicMethod,
  StreamOptions,
} from "@coxswain/job-service";
import type { ForwardResponse, OutputPiece } from "@coxswain/protocol";
import { RemoteError } from "@coxswain/rpc";
import { PeerRefusedError } from "./errors.ts";
import { FORWARD_CODECS } from "./forward-table.ts";
import { messagesOf } from "./messages-of.ts";
import type { NodeClients } from "./node-clients.ts";
import { unaryCall } from "./unary-call.ts";

export interface GrpcPeersOptions {
  /** This node, told to the others. */
  readonly nodeId: number;
  readonly clients: NodeClients;
  /** How long another node may take to say that it is there, when its output is asked for. Default 3 s. */
  readonly answerTimeoutMs?: number;
}

/** The connections are those of `clients`; whoever made them closes them. */
export class GrpcPeers implements Peers {
  readonly #nodeId: number;
  readonly #clients: NodeClients;
  readonly #answerTimeoutMs: number;

  constructor({ nodeId, clients, answerTimeoutMs = 3_000 }: GrpcPeersOptions) {
    this.#nodeId = nodeId;
    this.#clients = clients;
    this.#answerTimeoutMs = answerTimeoutMs;
  }

  async forward<M extends PublicMethod>(
    leader: number,
    caller: CallerIdentity,
    method: M,
    request: PublicCalls[M]["request"],
    options: ForwardOptions,
  ): Promise<PublicCalls[M]["response"]> {
    const codec = FORWARD_CODECS[method];
    const message = {
      caller: { name: caller.name, role: caller.role },
      path: codec.path,
      request: codec.requestSerialize(request),
      fromNodeId: this.#nodeId,
    };
    const client = this.#clients.client(leader, "calls");
    const { result } = await this.#ask(leader, () =>
      unaryCall(client.forward.bind(client), message, options),
    );
    return codec.responseDeserialize(Buffer.from(answerOf(leader, result)));
  }

  async output(
    nodeId: number,
    executionId: string,
    attempt: number,
    tailBytes: number,
    options: ForwardOptions,
  ): Promise<Uint8Array | undefined> {
    const client = this.#clients.client(nodeId, "output");
    const message = { executionId, attempt, tailBytes };
    const { output, found } = await this.#ask(nodeId, () =>
      unaryCall(client.getJobOutput.bind(client), message, options),
    );
    return found ? output : undefined;
  }

  /** Read at the reader's pace: the other node is held back by flow control, and keeps what it must by its own bounds. */
  async *streamOutput(
    nodeId: number,
    { executionId, attempt, offset, tailBytes, noFollow }: OutputRequest,
    { signal }: StreamOptions,
  ): AsyncGenerator<OutputPiece, void, undefined> {
    const client = this.#clients.client(nodeId, "streams");
    try {
      yield* messagesOf(() => client.streamOutput({ executionId, attempt, offset, tailBytes, noFollow }), {
        signal,
        answerMs: this.#answerTimeoutMs,
      });
    } catch (error) {
      signal.throwIfAborted();
      throw refusedBy(nodeId, error);
    }
  }

  /**
   * What the leader says to the caller comes as an answer. A status is between the two nodes: that the other was
   * not reached, or too late, is passed on; that it would not talk to this node is nothing the caller did.
   */
  async #ask<T>(nodeId: number, call: () => Promise<T>): Promise<T> {
    try {
      return await call();
    } catch (error) {
      throw refusedBy(nodeId, error);
    }
  }
}

function refusedBy(nodeId: number, error: unknown): unknown {
  const passes = error instanceof RemoteError && PASSED_ON.has(error.category);
  return passes ? error : new PeerRefusedError(nodeId, { cause: error });
}

const PASSED_ON: ReadonlySet<string> = new Set(["unavailable", "unknown-outcome", "exhausted"]);

function answerOf(leader: number, result: ForwardResponse["result"]): Uint8Array {
  switch (result?.$case) {
    case "response":
      return result.value;
    case "error":
      throw errorFromDetail(result.value);
    case undefined:
      throw new PeerRefusedError(leader, { cause: new Error("The answer was empty.") });
  }
}

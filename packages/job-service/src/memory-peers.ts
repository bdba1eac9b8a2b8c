/** The twin of `Peers` in memory: nodes of one process that call each other, and can be cut off. */
import type { OutputPiece } from "@coxswain/protocol";
import type {
  CallerIdentity,
  ForwardOptions,
  OutputRequest,
  PeerAnswers,
  Peers,
  StreamOptions,
} from "./contracts.ts";
import { errorFacts, RefusedError } from "./errors.ts";
import type { PublicCalls, PublicMethod } from "./public-calls.ts";

/** One network; each node gets the same one as its `peers`. */
export class MemoryPeers implements Peers {
  readonly #nodes = new Map<number, PeerAnswers>();
  readonly #down = new Set<number>();
  /** Breaks the streams of output that are open. */
  readonly #streams = new Map<AbortController, number>();

  join(nodeId: number, answers: PeerAnswers): void {
    this.#nodes.set(nodeId, answers);
  }

  /** Nobody reaches the node until `reconnect`. */
  disconnect(nodeId: number): void {
    this.#down.add(nodeId);
    for (const [stream, to] of this.#streams) if (to === nodeId) stream.abort();
  }

  reconnect(nodeId: number): void {
    this.#down.delete(nodeId);
  }

  async forward<M extends PublicMethod>(
    leader: number,
    caller: CallerIdentity,
    method: M,
    request: PublicCalls[M]["request"],
    options: ForwardOptions,
  ): Promise<PublicCalls[M]["response"]> {
    const node = this.#reach(leader);
    try {
      return await orLost(node.forward(caller, method, request, {}), options.signal);
    } catch (error) {
      throw new RefusedError(errorFacts(error), { cause: error });
    }
  }

  async output(
    nodeId: number,
    executionId: string,
    attempt: number,
    tailBytes: number,
    _options: ForwardOptions,
  ): Promise<Uint8Array | undefined> {
    return await Promise.resolve(this.#reach(nodeId).output(executionId, attempt, tailBytes));
  }

  async *streamOutput(
    nodeId: number,
    request: OutputRequest,
    { signal }: StreamOptions,
  ): AsyncGenerator<OutputPiece, void, undefined> {
    const node = this.#reach(nodeId);
    const stream = new AbortController();
    const leave = (): void => {
      stream.abort(signal.reason);
    };
    signal.addEventListener("abort", leave);
    this.#streams.set(stream, nodeId);
    try {
      signal.throwIfAborted();
      yield* node.streamOutput(request, { signal: stream.signal });
    } catch (error) {
      signal.throwIfAborted();
      throw stream.signal.aborted
        ? connectionLost({ cause: error })
        : new RefusedError(errorFacts(error), { cause: error });
    } finally {
      signal.removeEventListener("abort", leave);
      this.#streams.delete(stream);
      // The other side must not go on for nobody.
      stream.abort();
    }
  }

  #reach(nodeId: number): PeerAnswers {
    const node = this.#nodes.get(nodeId);
    if (node !== undefined && !this.#down.has(nodeId)) return node;
    throw new RefusedError({
      code: "UNREACHABLE",
      category: "unavailable",
      message: `Node ${String(nodeId)} cannot be reached. Try again when it is back.`,
    });
  }
}

function orLost<T>(answer: Promise<T>, signal: AbortSignal): Promise<T> {
  return new Promise((resolve, reject) => {
    const lose = (): void => {
      reject(connectionLost());
    };
    if (signal.aborted) lose();
    signal.addEventListener("abort", lose, { once: true });
    answer.then(resolve, reject);
  });
}

function connectionLost(options?: ErrorOptions): RefusedError {
  return new RefusedError(
    {
      code: "CONNECTION_LOST",
      category: "unknown-outcome",
      message: "The call was given up before it was answered. Send it again with the same id.",
    },
    options,
  );
}

/** The twin of `Peers` in memory: nodes of one process that call each other, and can be cut off. */
import type { CallerIdentity, ForwardOptions, PeerAnswers, Peers } from "./contracts.ts";
import { errorFacts, RefusedError } from "./errors.ts";
import type { PublicCalls, PublicMethod } from "./public-calls.ts";

/** One network; each node gets the same one as its `peers`. */
export class MemoryPeers implements Peers {
  readonly #nodes = new Map<number, PeerAnswers>();
  readonly #down = new Set<number>();

  join(nodeId: number, answers: PeerAnswers): void {
    this.#nodes.set(nodeId, answers);
  }

  /** Nobody reaches the node until `reconnect`. */
  disconnect(nodeId: number): void {
    this.#down.add(nodeId);
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
      reject(
        new RefusedError({
          code: "CONNECTION_LOST",
          category: "unknown-outcome",
          message: "The call was given up before it was answered. Send it again with the same id.",
        }),
      );
    };
    if (signal.aborted) lose();
    signal.addEventListener("abort", lose, { once: true });
    answer.then(resolve, reject);
  });
}

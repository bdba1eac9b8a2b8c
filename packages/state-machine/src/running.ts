/**
 * The attempts that run, by execution and by node: the working set that decides about room.
 */
import type { RunningAttempt } from "./queries/types.ts";

export class RunningTable {
  readonly #byExecution = new Map<string, RunningAttempt>();
  readonly #byNode = new Map<number, Map<string, RunningAttempt>>();

  set(running: RunningAttempt): void {
    this.remove(running.executionId);
    this.#byExecution.set(running.executionId, running);
    const ofNode = this.#byNode.get(running.nodeId) ?? new Map<string, RunningAttempt>();
    ofNode.set(running.executionId, running);
    this.#byNode.set(running.nodeId, ofNode);
  }

  remove(executionId: string): void {
    const running = this.#byExecution.get(executionId);
    if (running === undefined) return;
    this.#byExecution.delete(executionId);
    const ofNode = this.#byNode.get(running.nodeId);
    ofNode?.delete(executionId);
    if (ofNode?.size === 0) this.#byNode.delete(running.nodeId);
  }

  get(executionId: string): RunningAttempt | undefined {
    return this.#byExecution.get(executionId);
  }

  /** Of one node or of all. */
  list(nodeId?: number): RunningAttempt[] {
    return [
      ...(
        (nodeId === undefined ? this.#byExecution : this.#byNode.get(nodeId)) ??
        new Map<string, RunningAttempt>()
      ).values(),
    ];
  }

  count(nodeId: number): number {
    return this.#byNode.get(nodeId)?.size ?? 0;
  }
}

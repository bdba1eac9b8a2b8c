/** A process group that the node started. */
export interface ProcessGroupTarget {
  readonly kind: "process-group";
  readonly pgid: number;
  /** Field 22 of `/proc/<pid>/stat` of the group's leader; tells a reused number apart. */
  readonly startTime: string;
  /** `NAME=value` in the environment of every process of the attempt; finds those that left the group. */
  readonly marker?: string;
  /** Directory of the attempt's cgroup (v2), where it has one: whatever is in it is the attempt's. */
  readonly cgroup?: string;
}

/**
 * A container that the node's engine has made. It outlives its node until the lease ends, so that a later start of the
 * node may adopt it.
 */
export interface ContainerTarget {
  readonly kind: "container";
  /** `NAME=value` in the environment of its first process: by it the guard kills it though the engine be down. */
  readonly marker: string;
  /** The engine's unix socket. */
  readonly socketPath: string;
  /** `name=value` of a label that no other container of the engine has. */
  readonly label: string;
}

/** What the guard can end. */
export type GuardTarget = ProcessGroupTarget | ContainerTarget;

/**
 * The executor's side of the guard (G13): a process of its own that ends every target it
 * knows when the node's lease ends or the node dies.
 */
export interface GuardHandle {
  /**
   * Resolves once the guard knows the target; only then may the payload run. Rejects when
   * the guard cannot take it, for instance because the lease has ended: the payload must not run.
   * A container must have been made before: the guard removes one that was made and never started.
   */
  protect(target: GuardTarget): Promise<void>;
  /** Forgets a target that has ended. Harmless for an unknown one. */
  release(target: GuardTarget): void;
  /**
   * Whether it was the guard that ended a target, to be asked before `release` about one that
   * died by SIGKILL: such an attempt is lost with the lease; it did not fail. Never rejects.
   */
  hasEnded(target: GuardTarget): Promise<boolean>;
}

/** The guard's twin for tests: remembers, in this process, what is protected. It ends nothing. */
export class MemoryGuard implements GuardHandle {
  /** Set to make `protect` reject, as it does once the lease has ended. */
  refusal: Error | undefined;
  readonly #targets = new Set<GuardTarget>();
  readonly #ended = new Set<GuardTarget>();

  get targets(): readonly GuardTarget[] {
    return [...this.#targets];
  }

  protect(target: GuardTarget): Promise<void> {
    if (this.refusal) return Promise.reject(this.refusal);
    this.#targets.add(target);
    return Promise.resolve();
  }

  release(target: GuardTarget): void {
    this.#targets.delete(target);
    this.#ended.delete(target);
  }

  async hasEnded(target: GuardTarget): Promise<boolean> {
    return this.#ended.has(target);
  }

  /** Pretends that the lease has ended: `kill` does to each target what the guard would. */
  endAll(kill: (target: GuardTarget) => void): void {
    for (const target of this.#targets) {
      this.#ended.add(target);
      kill(target);
    }
    this.#targets.clear();
  }
}

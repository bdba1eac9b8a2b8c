/**
 * The executors this node offers, and why it does not offer the others it was asked for.
 */
import type { Executor } from "@coxswain/executor";
import type { Closers } from "./closers.ts";
import { EXECUTOR_KINDS } from "./config/executor-kinds.ts";
import type { ExecutorKind } from "./config/executor-kinds.ts";
import { EXECUTOR_BUILDERS } from "./executor-builders.ts";
import type { ExecutorSite } from "./executor-builders.ts";

export interface OfferedExecutors {
  readonly offered: ReadonlyMap<string, Executor>;
  /** Kind -> reason. */
  readonly missing: ReadonlyMap<string, string>;
  /** Kind -> what its tasks do without; of those offered. */
  readonly limitations: ReadonlyMap<string, string>;
  /** Ends what earlier starts left running and nobody has adopted. Executors that cannot are not offered any more. */
  reap(): Promise<void>;
}

/**
 * Builds what the options ask for, asks each whether this machine has what it needs, and ends what earlier starts
 * left running, but for what may be adopted: for that call `reap` once that is done. What was built is in `closers`,
 * offered or not.
 */
export async function openExecutors(site: ExecutorSite, closers: Closers): Promise<OfferedExecutors> {
  const offered = new Map<string, Executor>();
  const missing = new Map<string, string>();
  const limitations = new Map<string, string>();
  const asked = new Set(site.options.executors);
  const adopting: Executor[] = [];
  for (const kind of EXECUTOR_KINDS) {
    const executor = EXECUTOR_BUILDERS[kind](site);
    closers.add(`${kind} executor`, () => executor.close());
    // Also where the executor is not offered any more: what an earlier start left must end before this one registers.
    if (executor.adopt === undefined) await executor.reap?.();
    const availability = await executor.available();
    // What an engine left that does not answer now, the guard ends.
    if (executor.adopt !== undefined && availability.ok) adopting.push(executor);
    if (!asked.has(kind)) {
      // An engine that is no more used is not watched either; what adopts is still to reap.
      if (!adopting.includes(executor)) await executor.close();
      continue;
    }
    if (!availability.ok) missing.set(kind, availability.reason);
    else offered.set(kind, executor);
    if (availability.ok && availability.limitations !== undefined) limitations.set(kind, availability.limitations);
  }
  const reap = async (): Promise<void> => {
    for (const executor of adopting) {
      const reason = await reasonNotReaped(executor);
      if (reason !== undefined && offered.delete(executor.kind)) missing.set(executor.kind, reason);
      if (!asked.has(executor.kind as ExecutorKind)) await executor.close();
    }
  };
  return { offered, missing, limitations, reap };
}

/** An engine that does not do as it is told keeps no node from starting: it is not offered. */
async function reasonNotReaped(executor: Executor): Promise<string | undefined> {
  try {
    await executor.reap?.();
    return undefined;
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    return `containers of an earlier start could not be ended: ${reason}`;
  }
}

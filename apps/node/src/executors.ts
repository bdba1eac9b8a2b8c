/**
 * The executors this node offers, and why it does not offer the others it was asked for.
 */
import type { Availability, Executor } from "@coxswain/executor";
import type { Closers } from "./closers.ts";
import { EXECUTOR_KINDS } from "./config/executor-kinds.ts";
import { EXECUTOR_BUILDERS } from "./executor-builders.ts";
import type { ExecutorSite } from "./executor-builders.ts";

export interface OfferedExecutors {
  readonly offered: ReadonlyMap<string, Executor>;
  /** Kind -> reason. */
  readonly missing: ReadonlyMap<string, string>;
  /** Kind -> what its tasks do without; of those offered. */
  readonly limitations: ReadonlyMap<string, string>;
}

/**
 * Builds what the options ask for, asks each whether this machine has what it needs, and ends what earlier starts
 * left running. What was built is in `closers`, offered or not.
 */
export async function openExecutors(site: ExecutorSite, closers: Closers): Promise<OfferedExecutors> {
  const offered = new Map<string, Executor>();
  const missing = new Map<string, string>();
  const limitations = new Map<string, string>();
  const asked = new Set(site.options.executors);
  for (const kind of EXECUTOR_KINDS) {
    const executor = EXECUTOR_BUILDERS[kind](site);
    closers.add(`${kind} executor`, () => executor.close());
    // Also where the executor is not offered any more: what an earlier start left must end before this one registers.
    const availability = await (kind === "docker" ? reapedEngine(executor) : reaped(executor));
    if (!asked.has(kind)) continue;
    if (!availability.ok) missing.set(kind, availability.reason);
    else offered.set(kind, executor);
    if (availability.ok && availability.limitations !== undefined) limitations.set(kind, availability.limitations);
  }
  return { offered, missing, limitations };
}

async function reaped(executor: Executor): Promise<Availability> {
  await executor.reap?.();
  return await executor.available();
}

/** An engine that does not answer, or does not do as it is told, keeps no node from starting: it is not offered. */
async function reapedEngine(executor: Executor): Promise<Availability> {
  const availability = await executor.available();
  if (!availability.ok) return availability;
  try {
    await executor.reap?.();
    return availability;
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    return { ok: false, reason: `containers of an earlier start could not be ended: ${reason}` };
  }
}

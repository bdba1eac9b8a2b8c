/**
 * The executors this node offers, and why it does not offer the others it was asked for.
 */
import type { Executor } from "@coxswain/executor";
import { ProcessExecutor } from "@coxswain/executor-process";
import { WebhookExecutor } from "@coxswain/executor-webhook";
import type { Closers } from "./closers.ts";
import type { ExecutorKind } from "./config/executor-kinds.ts";
import type { NodeOptions } from "./config/options.ts";

export interface OfferedExecutors {
  readonly offered: ReadonlyMap<string, Executor>;
  /** Kind -> reason. */
  readonly missing: ReadonlyMap<string, string>;
}

type Build = (options: NodeOptions, stateDirectory: string) => Executor;

const BUILDERS: Readonly<Record<ExecutorKind, Build>> = {
  process: (options, stateDirectory) =>
    new ProcessExecutor({
      stateDirectory,
      outputCapacityBytes: options.outputBufferBytes,
      // Tasks run as the node's user, and without limits, until a node can be told otherwise.
      allowUnlimitedProcesses: true,
      isolation: "none",
    }),
  webhook: ({ webhookAllow }) => new WebhookExecutor({ allow: webhookAllow.includes("all") ? "all" : webhookAllow }),
};

/**
 * Builds what the options ask for, asks each whether this machine has what it needs, and ends what earlier starts
 * left running. What was built is in `closers`, offered or not.
 */
export async function openExecutors(options: NodeOptions, stateDirectory: string, closers: Closers): Promise<OfferedExecutors> {
  const offered = new Map<string, Executor>();
  const missing = new Map<string, string>();
  const asked = new Set(options.executors);
  for (const kind of Object.keys(BUILDERS) as ExecutorKind[]) {
    const executor = BUILDERS[kind](options, stateDirectory);
    closers.add(`${kind} executor`, () => executor.close());
    // Also where the executor is not offered any more: what an earlier start left must end before this one registers.
    await executor.reap?.();
    if (!asked.has(kind)) continue;
    const availability = await executor.available();
    if (availability.ok) offered.set(kind, executor);
    else missing.set(kind, availability.reason);
  }
  return { offered, missing };
}

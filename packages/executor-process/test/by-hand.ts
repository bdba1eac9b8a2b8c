import { join } from "node:path";
import type { AttemptContext, ProcessTask } from "@coxswain/executor";
import { commandOf } from "../src/command.ts";
import { Isolation } from "../src/isolation.ts";
import { DEFAULT_LIMITS } from "../src/limits.ts";
import { PipePool } from "../src/pipe-pool.ts";
import { ProcessAttempt } from "../src/process-attempt.ts";
import type { Surroundings } from "../src/process-attempt.ts";
import { settingsOf } from "../src/process-options.ts";
import { bootId } from "../src/process-table.ts";
import { RunFinder } from "../src/run-finder.ts";
import { RunRecords } from "../src/run-records.ts";
import { PLAIN } from "./bench.ts";

/** An attempt without its executor, so that what it relies on can be another's. */
export async function attemptByHand(
  task: Omit<ProcessTask, "kind">,
  marker: string,
  timeoutMs: number,
  context: AttemptContext,
  directory: string,
  instead: Partial<Surroundings>,
): Promise<ProcessAttempt> {
  const settings = settingsOf({ stateDirectory: directory, ...PLAIN });
  const records = new RunRecords(directory);
  const pipes = new PipePool(join(directory, "pipes"));
  await records.prepare();
  await pipes.prepare();
  const isolation = new Isolation("switched off", "switched off");
  const around = { settings, records, pipes, isolation, finder: new RunFinder(), bootId: await bootId(), ...instead };
  const command = commandOf({ kind: "process", ...task }, context, settings.path, marker);
  return new ProcessAttempt(command, DEFAULT_LIMITS, marker, timeoutMs, context, around);
}

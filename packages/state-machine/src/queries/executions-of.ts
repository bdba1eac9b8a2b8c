/**
 * The history of one job, newest first.
 */
import { Execution, type Job } from "@coxswain/protocol";
import { InvalidQueryError } from "../errors.ts";
import { executionKeyOf } from "../keys.ts";
import type { StateDatabase } from "../state-directory.ts";
import type { ExecutionPage } from "./types.ts";

const MAX_LIMIT = 1_000;

export async function readExecutions(
  db: StateDatabase,
  job: Job,
  { limit, before }: { limit: number; before?: number },
): Promise<ExecutionPage> {
  if (!Number.isSafeInteger(limit) || limit < 1 || limit > MAX_LIMIT) {
    throw new InvalidQueryError(`Ask for 1 to ${MAX_LIMIT} executions at a time.`);
  }
  const end = Math.min(before ?? Number.MAX_SAFE_INTEGER, job.executions + 1);
  if (job.oldestExecution === 0 || end <= job.oldestExecution) return { executions: [] };
  const gte = executionKeyOf(job.id, job.incarnation, job.oldestExecution);
  const lt = executionKeyOf(job.id, job.incarnation, end);
  const values = await db.values({ gte, lt, limit, reverse: true }).all();
  const executions = values.map((value) => Execution.decode(value));
  const oldest = executions.at(-1)?.number ?? job.oldestExecution;
  return oldest > job.oldestExecution ? { executions, next: oldest } : { executions };
}

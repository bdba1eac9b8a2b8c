/**
 * Whose job it is, checked where it counts: what the leader saw when it asked may be another client's by now.
 */
import type { Job } from "@coxswain/protocol";
import type { Refused } from "../results.ts";
import { refuse } from "./context.ts";

/** Undefined when the job is the named owner's; an empty name stands for an admin. */
export function foreignJob(job: Job, owner: string): Refused | undefined {
  if (owner === "" || job.owner === owner) return undefined;
  return refuse("JOB_PERMISSION_DENIED", "Permission denied: the job belongs to another client.");
}

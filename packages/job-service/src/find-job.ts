import type { Job } from "@coxswain/protocol";
import type { ServiceParts } from "./service-parts.ts";

/**
 * Looks a job up on the leader before something is done with it. A leader that was just elected may not have
 * applied everything that was acknowledged, so "there is none" is only believed after a confirmed read.
 */
export async function findJob(
  { store, raft }: Pick<ServiceParts, "store" | "raft">,
  jobId: string,
): Promise<Job | undefined> {
  const found = await store.job(jobId);
  if (found !== undefined) return found;
  await raft.linearizableRead();
  return await store.job(jobId);
}

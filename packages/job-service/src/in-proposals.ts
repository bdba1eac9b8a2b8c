/** Cuts a batch of jobs so that no log entry grows beyond a bound. */
import { SubmitJobs_Item } from "@coxswain/protocol";

/** Consecutive parts of at most `maxBytes` each; an item larger than that is a part of its own. */
export function inProposals<T>(
  jobs: readonly T[],
  itemOf: (job: T) => SubmitJobs_Item,
  maxBytes: number,
): readonly (readonly T[])[] {
  if (jobs.length === 0) return [];
  if (jobs.length === 1) return [jobs];
  const parts: T[][] = [];
  let roomBytes = 0;
  for (const job of jobs) {
    const bytes = SubmitJobs_Item.encode(itemOf(job)).finish().byteLength;
    const part = parts.at(-1);
    if (part !== undefined && bytes <= roomBytes) part.push(job);
    else {
      parts.push([job]);
      roomBytes = maxBytes;
    }
    roomBytes -= bytes;
  }
  return parts;
}

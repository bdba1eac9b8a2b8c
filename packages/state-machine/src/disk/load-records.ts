/**
 * Reads what commands declared and memory does not have.
 */
import type { Reads } from "../apply/context.ts";
import type { StateDatabase } from "../state-directory.ts";

/** One read for all. Does nothing when nothing is missing. */
export async function loadRecords(db: StateDatabase, reads: Reads): Promise<void> {
  const missing = reads.takeMissing();
  if (missing.length === 0) return;
  const values = await db.getMany(missing.map(({ table, id }) => table.kind.key(id)));
  for (const [i, { table, id }] of missing.entries()) table.keepRead(id, values[i]);
}

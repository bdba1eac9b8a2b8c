/**
 * Reads what commands declared and memory does not have.
 */
import type { Reads } from "../apply/context.ts";
import type { RecordTable } from "../record-table.ts";
import type { State } from "../state.ts";
import type { StateDatabase } from "../state-directory.ts";

interface Missing {
  readonly table: RecordTable<unknown>;
  readonly id: string;
}

/** Gives whether anything had to be read. */
export async function loadRecords(db: StateDatabase, state: State, reads: Reads): Promise<boolean> {
  const missing = missingOf(state, reads);
  if (missing.length === 0) return false;
  const values = await db.getMany(missing.map(({ table, id }) => table.kind.key(id)));
  for (const [i, { table, id }] of missing.entries()) table.keepRead(id, values[i]);
  return true;
}

function missingOf(state: State, reads: Reads): Missing[] {
  const wanted: readonly (readonly [unknown, ReadonlySet<string>])[] = [
    [state.jobs, reads.jobs],
    [state.executions, reads.executions],
    [state.requests, reads.requests],
    [state.requestOrder, reads.requestOrder],
    [state.leftovers, reads.leftovers],
  ];
  const missing: Missing[] = [];
  for (const [table, ids] of wanted as readonly (readonly [RecordTable<unknown>, ReadonlySet<string>])[]) {
    for (const id of ids) if (!table.hold(id)) missing.push({ table, id });
  }
  return missing;
}

/**
 * The time index (G4), read in windows.
 */
import type { DueItem } from "../events.ts";
import { be64, DUE_PREFIX } from "../keys.ts";
import { fromBytes } from "../disk/text.ts";
import { InvalidQueryError } from "../errors.ts";
import type { StateDatabase } from "../state-directory.ts";
import type { DueRange } from "./types.ts";

const DIGITS = 16;

export async function readDue(
  db: StateDatabase,
  { fromMs = 0, toMs, limit, after }: DueRange,
): Promise<DueItem[]> {
  if (limit < 1) throw new InvalidQueryError("Ask for at least one due item.");
  if (toMs <= 0 || toMs <= fromMs) return [];
  const from = after === undefined ? { gte: DUE_PREFIX + be64(Math.max(0, fromMs)) } : { gt: dueKey(after) };
  const lt = DUE_PREFIX + be64(Math.min(toMs, Number.MAX_SAFE_INTEGER));
  const entries = await db.iterator({ ...from, lt, limit }).all();
  return entries.map(([key, value]) => parseDue(key, fromBytes(value)));
}

function dueKey(item: DueItem): string {
  const id = item.kind === "fire" ? item.jobId : item.executionId;
  return `${DUE_PREFIX}${be64(item.atMs)}/${item.kind}/${id}`;
}

function parseDue(key: string, value: string): DueItem {
  const rest = key.slice(DUE_PREFIX.length);
  const atMs = Number.parseInt(rest.slice(0, DIGITS), 16);
  const kindEnd = rest.indexOf("/", DIGITS + 1);
  const id = rest.slice(kindEnd + 1);
  const kind = rest.slice(DIGITS + 1, kindEnd);
  switch (kind) {
    case "fire": {
      const [incarnation, version] = value.split(".").map(Number);
      return { kind, atMs, jobId: id, incarnation: incarnation ?? 0, version: version ?? 0 };
    }
    case "retry":
      return { kind, atMs, executionId: id };
    case "deadline":
      return { kind, atMs, executionId: id, attempt: Number(value) };
    default:
      throw new Error(`The time index has a key of an unknown kind: ${key}`);
  }
}

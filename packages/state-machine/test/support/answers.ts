import type { ApplyResult } from "../../src/index.ts";

/** What became of each item of a command. */
export function items(result: ApplyResult): readonly unknown[] {
  if ("error" in result || !("items" in result)) throw new Error(JSON.stringify(result));
  return result.items;
}

/** The answer to one item that changed nothing. */
export function ignored(reason: string): unknown[] {
  return [{ kind: "ignored", reason }];
}

/**
 * Reads the errors of Node and LevelDB by their shape, since they may come from another realm.
 */

/** A field of an error, or `undefined`. */
export function fieldOf(error: unknown, field: "code" | "cause" | "message"): unknown {
  if (typeof error !== "object" || error === null) return undefined;
  return (error as Partial<Record<typeof field, unknown>>)[field];
}

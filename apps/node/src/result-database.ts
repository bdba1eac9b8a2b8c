/**
 * The database of results that are not yet known to be applied (G14).
 */
import { Level } from "level";

/** The results of earlier starts cannot be read. */
export class ResultsUnreadableError extends Error {
  readonly code = "RESULTS_UNREADABLE";
  readonly category = "internal";

  constructor(directory: string, cause: unknown) {
    const { message, cause: deeper } = cause as Partial<Error>;
    const reason = deeper instanceof Error ? deeper.message : (message ?? String(cause));
    super(
      `${directory} cannot be opened: ${reason}. Move it away to start without it: attempts whose results were in it count as lost.`,
      { cause },
    );
    this.name = "ResultsUnreadableError";
  }
}

/** @throws ResultsUnreadableError */
export async function openResults(directory: string): Promise<Level<string, Uint8Array>> {
  const database = new Level<string, Uint8Array>(directory, { valueEncoding: "view" });
  try {
    await database.open();
  } catch (error) {
    throw new ResultsUnreadableError(directory, error);
  }
  return database;
}

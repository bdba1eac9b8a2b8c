/**
 * A {@link ResultStore} on any abstract-level database.
 */
import type { AbstractLevel } from "abstract-level";
import { ReportAttempts_Item } from "@coxswain/state-machine";
import type { AttemptReport, ResultStore } from "./contracts.ts";
import { attemptKey } from "./contracts.ts";

/** A database with text keys and binary values; `classic-level` in production. */
export type ResultDatabase = AbstractLevel<string | Buffer | Uint8Array, string, Uint8Array>;

export class LevelResultStore implements ResultStore {
  readonly #database: ResultDatabase;

  constructor(database: ResultDatabase) {
    this.#database = database;
  }

  async put(reports: readonly AttemptReport[]): Promise<void> {
    const batch = this.#database.batch();
    for (const report of reports)
      batch.put(attemptKey(report), ReportAttempts_Item.encode(report).finish());
    await batch.write({ sync: true } as object);
  }

  /** Not synced: a result that comes back after a power cut is reported again and ignored by apply. */
  async remove(reports: readonly AttemptReport[]): Promise<void> {
    const batch = this.#database.batch();
    for (const report of reports) batch.del(attemptKey(report));
    await batch.write();
  }

  async all(): Promise<AttemptReport[]> {
    const values = await this.#database.values().all();
    return values.map((value) => ReportAttempts_Item.decode(value));
  }
}

/**
 * A {@link ResultStore} on LevelDB.
 */
import { ReportAttempts_Item } from "@coxswain/state-machine";
import type { AttemptReport, ResultStore } from "./contracts.ts";
import { attemptKey } from "./contracts.ts";

/** A chained batch of abstract-level, as far as it is used here. */
export interface ResultBatch {
  put(key: string, value: Uint8Array): unknown;
  del(key: string): unknown;
  write(options?: { readonly sync: boolean }): Promise<void>;
}

/** An abstract-level database with text keys and `valueEncoding: "view"`; `classic-level` in production. */
export interface ResultDatabase {
  batch(): ResultBatch;
  values(): { all(): Promise<Uint8Array[]> };
}

export class LevelResultStore implements ResultStore {
  readonly #database: ResultDatabase;

  constructor(database: ResultDatabase) {
    this.#database = database;
  }

  async put(reports: readonly AttemptReport[]): Promise<void> {
    const batch = this.#database.batch();
    for (const report of reports)
      batch.put(attemptKey(report), ReportAttempts_Item.encode(report).finish());
    await batch.write({ sync: true });
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

import type { Configuration, Entry, SnapshotMeta } from "../types.ts";
import { decodeConfiguration } from "./configuration.ts";

/**
 * The configurations named by the log. The newest one is in force as soon as it is appended,
 * committed or not (dissertation 4.1), so truncating the log may bring an older one back.
 */
export class ConfigurationHistory {
  #steps: { readonly index: number; readonly configuration: Configuration }[];

  constructor(snapshot: SnapshotMeta) {
    this.#steps = [snapshot];
  }

  get current(): Configuration {
    const newest = this.#steps[this.#steps.length - 1];
    return newest?.configuration ?? { voters: [], votersOutgoing: [], learners: [] };
  }

  /** The index of the entry that brought the current configuration. */
  get currentIndex(): number {
    return this.#steps[this.#steps.length - 1]?.index ?? 0;
  }

  /** In force in a log that ends at `index`; undefined before the first step known. */
  at(index: number): Configuration | undefined {
    return this.#steps.findLast((step) => step.index <= index)?.configuration;
  }

  /** The one in force at `index`, and all later ones. */
  from(index: number): Configuration[] {
    const first = this.#steps.findLastIndex((step) => step.index <= index);
    return this.#steps.slice(Math.max(first, 0)).map((step) => step.configuration);
  }

  appended(entry: Entry): void {
    this.#steps.push({ index: entry.index, configuration: decodeConfiguration(entry.data) });
  }

  truncatedFrom(index: number): void {
    while (this.#steps.length > 1 && this.currentIndex >= index) this.#steps.pop();
  }

  compacted(snapshot: SnapshotMeta): void {
    this.#steps = [snapshot, ...this.#steps.filter((step) => step.index > snapshot.index)];
  }
}

/**
 * A store with a log of its own: each body becomes the next entry.
 */
import type { Entry } from "@coxswain/raft-core";
import {
  COMMAND_VERSION,
  encodeCommand,
  JobStore,
  MemoryStateDirectory,
  type ApplyResult,
  type CommandBody,
  type Execution,
  type JobStoreOptions,
  type StateDirectory,
} from "../../src/index.ts";

export interface Stamp {
  readonly timeMs?: number;
  readonly requestId?: string;
}

export class Harness {
  readonly directory: StateDirectory;
  readonly entries: Entry[] = [];
  timeMs = 1_000_000;
  store: JobStore;
  #options: Omit<JobStoreOptions, "directory">;

  private constructor(
    directory: StateDirectory,
    store: JobStore,
    options: Omit<JobStoreOptions, "directory">,
  ) {
    this.directory = directory;
    this.store = store;
    this.#options = options;
  }

  static async open(
    options: Omit<JobStoreOptions, "directory"> = {},
    directory: StateDirectory = new MemoryStateDirectory(),
  ): Promise<Harness> {
    return new Harness(directory, await JobStore.open({ directory, ...options }), options);
  }

  async reopen(): Promise<void> {
    await this.store.close();
    this.store = await JobStore.open({ directory: this.directory, ...this.#options });
  }

  /** Makes entries without applying them. */
  entriesOf(bodies: readonly CommandBody[], stamp: Stamp = {}): Entry[] {
    const first = (this.entries.at(-1)?.index ?? this.store.appliedIndex()) + 1;
    const made = bodies.map((body, i) => commandEntry(first + i, body, { timeMs: this.timeMs, ...stamp }));
    this.entries.push(...made);
    return made;
  }

  async apply(body: CommandBody, stamp: Stamp = {}): Promise<ApplyResult> {
    const [result] = await this.store.apply(this.entriesOf([body], stamp));
    if (result === undefined) throw new Error("apply gave no result");
    return result;
  }

  async applyAll(bodies: readonly CommandBody[], stamp: Stamp = {}): Promise<ApplyResult[]> {
    return await this.store.apply(this.entriesOf(bodies, stamp));
  }

  async execution(id: string): Promise<Execution> {
    const found = await this.store.execution(id);
    if (found === undefined) throw new Error(`no execution ${id}`);
    return found;
  }
}

export function commandEntry(
  index: number,
  body: CommandBody,
  { timeMs = 1_000_000, requestId = "" }: Stamp = {},
): Entry {
  const data = encodeCommand({ version: COMMAND_VERSION, timeMs, requestId, body });
  return { index, term: 1, type: "normal", data };
}

import type { LogStorage } from "../contracts.ts";
import type { AppendBatch, Message } from "../types.ts";
import { Meter } from "./meter.ts";

/** What has to become durable before its messages may travel. */
interface Write {
  /** Undefined for messages that only wait for the writes before them. */
  readonly id: number | undefined;
  readonly messages: readonly Message[];
  durable: boolean;
}

export interface AppendPipelineDuties {
  /** Every write up to `readyId` is durable. */
  onDurable(readyId: number): void;
  /** May be sent now. */
  send(messages: readonly Message[]): void;
  /** Fatal (G19). */
  onFailed(error: unknown): void;
}

/**
 * Writes the log in order, several writes under way at once, and holds back what may only be said once they
 * are durable. After one failure it never says anything again, whatever succeeds later (G19): a disk that
 * failed to sync may have dropped the pages and report success from then on.
 */
export class AppendPipeline {
  readonly #storage: LogStorage;
  readonly #duties: AppendPipelineDuties;
  readonly #meter: Meter;
  readonly #writes: Write[] = [];
  readonly #running = new Set<Promise<boolean>>();
  #pendingWrites = 0;
  #halted = false;

  constructor(storage: LogStorage, duties: AppendPipelineDuties, meter: Meter = new Meter()) {
    this.#storage = storage;
    this.#duties = duties;
    this.#meter = meter;
  }

  /** Writes not yet durable. */
  get pendingWrites(): number {
    return this.#pendingWrites;
  }

  /** Takes the durable part of one ready. */
  push(id: number, append: AppendBatch | undefined, messages: readonly Message[]): void {
    if (this.#halted) return;
    if (append === undefined) {
      this.#afterEarlierWrites(messages);
      return;
    }
    const write: Write = { id, messages, durable: false };
    this.#writes.push(write);
    this.#pendingWrites++;
    const beganAtMs = this.#meter.now();
    void this.run(
      () => this.#storage.append(append),
      () => {
        write.durable = true;
        this.#pendingWrites--;
        this.#meter.logWritten(append, beganAtMs);
        this.#release();
      },
    );
  }

  /**
   * Runs another operation on the storage, in order with the writes, under the same rule of failure.
   * Resolves with whether it succeeded while the node lives; never rejects.
   */
  run(operation: () => Promise<void>, onDone: () => void = () => {}): Promise<boolean> {
    if (this.#halted) return Promise.resolve(false);
    const running = this.#run(operation, onDone).finally(() => this.#running.delete(running));
    this.#running.add(running);
    return running;
  }

  /** Says nothing from now on. */
  halt(): void {
    this.#halted = true;
    this.#writes.length = 0;
  }

  /** Resolves when the storage has answered everything that was issued. */
  async idle(): Promise<void> {
    while (this.#running.size > 0) await Promise.all(this.#running);
  }

  async #run(operation: () => Promise<void>, onDone: () => void): Promise<boolean> {
    try {
      await operation();
      if (!this.#halted) onDone();
    } catch (error) {
      this.#failed(error);
    }
    return !this.#halted;
  }

  #failed(error: unknown): void {
    if (this.#halted) return;
    this.halt();
    this.#duties.onFailed(error);
  }

  #afterEarlierWrites(messages: readonly Message[]): void {
    if (messages.length === 0) return;
    if (this.#writes.length === 0) this.#duties.send(messages);
    else this.#writes.push({ id: undefined, messages, durable: true });
  }

  #release(): void {
    for (let first = this.#writes[0]; first?.durable === true; first = this.#writes[0]) {
      this.#writes.shift();
      if (first.id !== undefined) this.#duties.onDurable(first.id);
      if (first.messages.length > 0) this.#duties.send(first.messages);
    }
  }
}

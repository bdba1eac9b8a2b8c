import type { PendingSubmit } from "./pending-submit.ts";

const maxBatchJobs = 256;
const maxBatchBytes = 1024 * 1024;

/** Submits that wait to be sent, oldest first, and the batches they make. */
export class SubmitQueue {
  #waiting: PendingSubmit[] = [];

  get length(): number {
    return this.#waiting.length;
  }

  push(submit: PendingSubmit): void {
    this.#waiting.push(submit);
  }

  /** Puts back what was sent in vain, ahead of everything that came later. */
  putBack(submits: readonly PendingSubmit[]): void {
    this.#waiting = [...submits, ...this.#waiting];
  }

  clear(): void {
    this.#waiting = [];
  }

  /** The next message's worth: at most 256 jobs and about 1 MiB, but at least one; without those given up meanwhile. */
  takeBatch(): PendingSubmit[] {
    const batch: PendingSubmit[] = [];
    let taken = 0;
    let bytes = 0;
    for (const submit of this.#waiting) {
      const fits = batch.length === 0 || bytes + submit.sizeBytes <= maxBatchBytes;
      if (batch.length === maxBatchJobs || !fits) break;
      taken += 1;
      if (submit.settled) continue;
      bytes += submit.sizeBytes;
      batch.push(submit);
    }
    this.#waiting.splice(0, taken);
    return batch;
  }
}

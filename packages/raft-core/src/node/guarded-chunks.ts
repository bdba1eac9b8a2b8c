import type { Clock } from "../contracts.ts";
import { asError, SnapshotStreamError } from "./errors.ts";

/**
 * The chunks of a snapshot on its way in, ended with an error when the sender falls silent or the node stops,
 * and telling afterwards whether it was the stream that failed.
 */
export class GuardedChunks {
  readonly #source: AsyncIterator<Uint8Array>;
  readonly #clock: Clock;
  readonly #stallMs: number;
  readonly #signal: AbortSignal;
  #broken: SnapshotStreamError | undefined;
  #sizeBytes = 0;

  constructor(chunks: AsyncIterable<Uint8Array>, clock: Clock, stallMs: number, signal: AbortSignal) {
    this.#source = chunks[Symbol.asyncIterator]();
    this.#clock = clock;
    this.#stallMs = stallMs;
    this.#signal = signal;
  }

  /** Why the stream ended early, if it did. */
  get broken(): SnapshotStreamError | undefined {
    return this.#broken;
  }

  /** Bytes that have arrived. */
  get sizeBytes(): number {
    return this.#sizeBytes;
  }

  async *chunks(): AsyncGenerator<Uint8Array> {
    try {
      for (let next = await this.#next(); next.done !== true; next = await this.#next()) {
        this.#sizeBytes += next.value.length;
        yield next.value;
      }
    } catch (error) {
      this.#broken = new SnapshotStreamError(
        "The stream of the snapshot ended early; the leader will try again.",
        {
          cause: asError(error),
        },
      );
      throw this.#broken;
    } finally {
      this.release();
    }
  }

  /** Lets the sender go, also when nothing was read. A source stuck in `next` answers only later, or never: nobody waits for it. */
  release(): void {
    this.#source.return?.(undefined).then(undefined, () => undefined);
  }

  #next(): Promise<IteratorResult<Uint8Array>> {
    this.#signal.throwIfAborted();
    return new Promise((resolve, reject) => {
      const onAbort = (): void => finish(() => reject(asError(this.#signal.reason)));
      const cancelStall = this.#clock.after(this.#stallMs, () =>
        finish(() => reject(new SnapshotStreamError(`Nothing arrived for ${this.#stallMs} ms.`))),
      );
      const finish = (settle: () => void): void => {
        cancelStall();
        this.#signal.removeEventListener("abort", onAbort);
        settle();
      };
      this.#signal.addEventListener("abort", onAbort, { once: true });
      this.#source.next().then(
        (result) => finish(() => resolve(result)),
        (error: unknown) => finish(() => reject(asError(error))),
      );
    });
  }
}

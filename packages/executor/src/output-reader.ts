import type { OutputChunk, OutputGap } from "./output-buffer.ts";

/** What a reader sees next: a run of bytes of one stream, or the bytes it missed. */
export type OutputPiece = ({ readonly kind: "chunk" } & OutputChunk) | ({ readonly kind: "gap" } & OutputGap);

/** Where a reader begins. */
export interface OutputReaderOptions {
  /** The first offset wanted. Default 0, the start. One beyond the end so far waits for it. */
  readonly offset?: number;
  /** Instead of `offset`: the last so many bytes written by now, and what follows. */
  readonly tailBytes?: number;
  /** The most bytes of one piece, positive. Default 64 KiB. */
  readonly maxBytes?: number;
  /** Closes the reader at once, though nobody waits on it; `next` then rejects with its reason. */
  readonly signal?: AbortSignal;
}

/** What a reader reads. */
export interface ReadableOutput {
  readonly totalBytes: number;
  readonly closed: boolean;
  /** What lies at `offset`: bytes, the gap that begins there, or nothing yet. */
  pieceAt(offset: number, maxBytes: number): OutputPiece | undefined;
  onChange(listener: () => void): () => void;
}

interface Waiting {
  readonly resolve: (result: IteratorResult<OutputPiece, undefined>) => void;
  readonly reject: (reason: unknown) => void;
}

const DEFAULT_MAX_BYTES = 64 * 1024;
const DONE: IteratorResult<OutputPiece, undefined> = { done: true, value: undefined };

/**
 * One reader's own position in an output. It holds no bytes, only a cursor: a reader that does
 * not read costs nothing, and one that comes too late is told so by a gap. It ends with the
 * output, when it is left (`break`, `return`), or when its signal aborts.
 */
export class OutputReader implements AsyncIterableIterator<OutputPiece, undefined> {
  readonly #output: ReadableOutput;
  readonly #maxBytes: number;
  readonly #signal: AbortSignal | undefined;
  readonly #onClose: () => void;
  readonly #waiting: Waiting[] = [];
  readonly #abort = (): void => this.#close();
  #stopListening: (() => void) | undefined;
  #offset: number;
  #closed = false;

  constructor(output: ReadableOutput, options: OutputReaderOptions, onClose: () => void) {
    checkReaderOptions(options);
    const { offset = 0, tailBytes, maxBytes = DEFAULT_MAX_BYTES, signal } = options;
    this.#output = output;
    this.#maxBytes = maxBytes;
    this.#offset = tailBytes === undefined ? offset : Math.max(0, output.totalBytes - tailBytes);
    this.#signal = signal;
    this.#onClose = onClose;
    if (signal?.aborted) this.#close();
    else signal?.addEventListener("abort", this.#abort);
  }

  /** The next offset this reader will see; to resume elsewhere, begin there. */
  get offset(): number {
    return this.#offset;
  }

  get closed(): boolean {
    return this.#closed;
  }

  /** May be called again before the last one resolved; pieces come in the order of the calls. */
  next(): Promise<IteratorResult<OutputPiece, undefined>> {
    return new Promise((resolve, reject) => {
      this.#waiting.push({ resolve, reject });
      this.#serve();
    });
  }

  /** Leaves: whoever waits is told that it is over. */
  async return(): Promise<IteratorResult<OutputPiece, undefined>> {
    this.#close();
    return DONE;
  }

  [Symbol.asyncIterator](): this {
    return this;
  }

  #serve(): void {
    this.#stopListening?.();
    this.#stopListening = undefined;
    while (this.#waiting.length > 0 && !this.#closed) {
      const piece = this.#output.pieceAt(this.#offset, this.#maxBytes);
      if (piece) {
        this.#offset = piece.kind === "gap" ? piece.to : piece.offset + piece.bytes.length;
        this.#waiting.shift()?.resolve({ done: false, value: piece });
      } else if (this.#output.closed) {
        this.#close();
      } else {
        this.#stopListening = this.#output.onChange(() => this.#serve());
        return;
      }
    }
    if (this.#closed) this.#settle();
  }

  #close(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#stopListening?.();
    this.#stopListening = undefined;
    this.#signal?.removeEventListener("abort", this.#abort);
    this.#onClose();
    this.#settle();
  }

  #settle(): void {
    for (const { resolve, reject } of this.#waiting.splice(0)) {
      if (this.#signal?.aborted) reject(this.#signal.reason);
      else resolve(DONE);
    }
  }
}

/** Throws a RangeError for a number that is none of bytes. For authors of readers. */
export function checkReaderOptions({ offset = 0, tailBytes = 0, maxBytes = 1 }: OutputReaderOptions): void {
  checkAtLeast("offset", offset, 0);
  checkAtLeast("tailBytes", tailBytes, 0);
  checkAtLeast("maxBytes", maxBytes, 1);
}

function checkAtLeast(name: string, value: number, least: number): void {
  if (Number.isSafeInteger(value) && value >= least) return;
  throw new RangeError(`${name} must be an integer of at least ${least}, not ${value}`);
}

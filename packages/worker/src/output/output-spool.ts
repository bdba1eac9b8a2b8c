/**
 * Keeps the output of finished attempts on disk, so that readers find it after a restart of the node.
 *
 * One file for each attempt, written under another name and renamed: a file is there whole or not at all while the
 * machine stays up. Nothing is synced: a power cut may take the newest files or tear them, which readers notice by
 * checksums. Bounded by bytes, number and age; the oldest go first.
 */
import { createHash } from "node:crypto";
import { mkdir, open, readdir, rename, rm, stat } from "node:fs/promises";
import { join } from "node:path";
import type { AttemptRef, Clock, OutputBuffer } from "@coxswain/executor";
import type { AttemptOutput, ExitRecord } from "./attempt-output.ts";
import { OutputTooLargeError } from "./output-errors.ts";
import { framesOf } from "./spool-frames.ts";
import { SpooledOutput } from "./spooled-output.ts";

export interface OutputSpoolOptions {
  /** A directory of its own; made when missing. */
  readonly directory: string;
  /** Of all files together. Default 256 MiB. */
  readonly maxBytes?: number;
  /** Attempts kept. Default 10,000. */
  readonly maxAttempts?: number;
  /** Since the attempt's end. Default seven days. */
  readonly maxAgeMs?: number;
  /** Lets outputs go at their age until the spool is closed. Default the machine's without timers: they go with the next put. */
  readonly clock?: Clock;
}

interface Spooled {
  readonly sizeBytes: number;
  readonly endedAtMs: number;
}

const SUFFIX = ".output";
const UNFINISHED = ".unfinished";

const withoutTimers: Clock = { now: Date.now, after: () => () => {} };

export class OutputSpool {
  readonly #limits: Required<OutputSpoolOptions>;
  /** Oldest first. */
  readonly #files = new Map<string, Spooled>();
  #totalBytes = 0;
  /** Files are written and removed one after the other. */
  #last: Promise<unknown> = Promise.resolve();
  #closed = false;
  #cancelPruning: () => void = () => {};

  private constructor(options: OutputSpoolOptions) {
    const defaults = { maxBytes: 256 * 1024 * 1024, maxAttempts: 10_000, maxAgeMs: 7 * 24 * 3_600_000, clock: withoutTimers };
    this.#limits = { ...defaults, ...options };
  }

  /** Finds what earlier starts left, and lets go what is beyond the limits. */
  static async open(options: OutputSpoolOptions): Promise<OutputSpool> {
    const spool = new OutputSpool(options);
    await mkdir(options.directory, { recursive: true, mode: 0o700 });
    await spool.#find();
    await spool.#prune();
    return spool;
  }

  /** Bytes of all files. */
  get totalBytes(): number {
    return this.#totalBytes;
  }

  get attemptCount(): number {
    return this.#files.size;
  }

  /**
   * Writes what is kept of an output that has ended. Rejects with OUTPUT_TOO_LARGE where it is more than the whole spool
   * may hold, and with the system's error when writing fails; then nothing of it is left.
   */
  put(ref: AttemptRef, output: OutputBuffer, exit: ExitRecord): Promise<void> {
    return this.#next(() => this.#write(nameOf(ref), output, exit));
  }

  /** Undefined when it was never written or is gone. */
  output(ref: AttemptRef): AttemptOutput | undefined {
    const name = nameOf(ref);
    return this.#files.has(name) ? new SpooledOutput(join(this.#limits.directory, name)) : undefined;
  }

  /** Resolves when all that was put is written; from then on nothing goes by its age. */
  async close(): Promise<void> {
    this.#closed = true;
    this.#cancelPruning();
    await this.#last;
  }

  #next(step: () => Promise<void>): Promise<void> {
    const done = this.#last.then(step);
    this.#last = done.catch(() => {});
    return done;
  }

  async #find(): Promise<void> {
    const { directory, maxBytes } = this.#limits;
    const found: [string, Spooled][] = [];
    for (const name of await readdir(directory)) {
      if (name.endsWith(UNFINISHED)) await rm(join(directory, name), { force: true });
      if (!name.endsWith(SUFFIX)) continue;
      const { size, mtimeMs } = await stat(join(directory, name));
      if (size > maxBytes) await rm(join(directory, name), { force: true });
      else found.push([name, { sizeBytes: size, endedAtMs: mtimeMs }]);
    }
    found.sort(([, a], [, b]) => a.endedAtMs - b.endedAtMs);
    for (const [name, spooled] of found) this.#add(name, spooled);
  }

  async #write(name: string, output: OutputBuffer, exit: ExitRecord): Promise<void> {
    const path = join(this.#limits.directory, name);
    const unfinished = `${path}${UNFINISHED}`;
    try {
      const sizeBytes = await writeAll(unfinished, framesOf(output, exit), this.#limits.maxBytes);
      await rename(unfinished, path);
      this.#forget(name);
      this.#add(name, { sizeBytes, endedAtMs: this.#limits.clock.now() });
    } catch (error) {
      await rm(unfinished, { force: true });
      throw error;
    }
    await this.#prune();
  }

  /** A reader that has a file open goes on reading it. */
  async #prune(): Promise<void> {
    const { maxBytes, maxAttempts, maxAgeMs, directory, clock } = this.#limits;
    const tooOldMs = clock.now() - maxAgeMs;
    for (const [name, { endedAtMs }] of this.#files) {
      if (this.#totalBytes <= maxBytes && this.#files.size <= maxAttempts && endedAtMs > tooOldMs) break;
      this.#forget(name);
      await rm(join(directory, name), { force: true });
    }
    this.#pruneAtNextAge();
  }

  /** What the disk does not let go then is found again by the next open; the others go in their time. */
  #pruneAtNextAge(): void {
    this.#cancelPruning();
    const [oldest] = this.#files.values();
    if (oldest === undefined || this.#closed) return;
    const { clock, maxAgeMs } = this.#limits;
    const prune = (): void => void this.#next(() => this.#prune()).catch(() => this.#pruneAtNextAge());
    this.#cancelPruning = clock.after(oldest.endedAtMs + maxAgeMs - clock.now(), prune);
  }

  #add(name: string, spooled: Spooled): void {
    this.#files.set(name, spooled);
    this.#totalBytes += spooled.sizeBytes;
  }

  #forget(name: string): void {
    this.#totalBytes -= this.#files.get(name)?.sizeBytes ?? 0;
    this.#files.delete(name);
  }
}

/** Ids are any text, and no path. */
function nameOf({ executionId, attempt }: AttemptRef): string {
  return `${createHash("sha256").update(executionId).digest("hex").slice(0, 40)}-${attempt}${SUFFIX}`;
}

async function writeAll(path: string, pieces: Iterable<Uint8Array>, maxBytes: number): Promise<number> {
  const file = await open(path, "w", 0o600);
  try {
    let sizeBytes = 0;
    for (const piece of pieces) {
      sizeBytes += piece.length;
      if (sizeBytes > maxBytes) throw new OutputTooLargeError(maxBytes);
      await file.writeFile(piece);
    }
    return sizeBytes;
  } finally {
    await file.close();
  }
}

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
import type { AttemptRef, OutputBuffer } from "@coxswain/executor";
import type { AttemptOutput, ExitRecord } from "./attempt-output.ts";
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
  /** Wall clock, milliseconds since the epoch. Default the machine's. */
  readonly now?: () => number;
}

interface Spooled {
  readonly sizeBytes: number;
  readonly endedAtMs: number;
}

const SUFFIX = ".output";
const UNFINISHED = ".unfinished";

export class OutputSpool {
  readonly #limits: Required<OutputSpoolOptions>;
  /** Oldest first. */
  readonly #files = new Map<string, Spooled>();
  #totalBytes = 0;
  /** Files are written one after the other. */
  #last: Promise<unknown> = Promise.resolve();

  private constructor(options: OutputSpoolOptions) {
    const defaults = { maxBytes: 256 * 1024 * 1024, maxAttempts: 10_000, maxAgeMs: 7 * 24 * 3_600_000, now: Date.now };
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

  /** Writes what is kept of an output that has ended. Rejects with the system's error when that fails; then nothing of it is left. */
  put(ref: AttemptRef, output: OutputBuffer, exit: ExitRecord): Promise<void> {
    const written = this.#last.then(() => this.#write(nameOf(ref), output, exit));
    this.#last = written.catch(() => {});
    return written;
  }

  /** Undefined when it was never written or is gone. */
  output(ref: AttemptRef): AttemptOutput | undefined {
    const name = nameOf(ref);
    return this.#files.has(name) ? new SpooledOutput(join(this.#limits.directory, name)) : undefined;
  }

  /** Resolves when all that was put is written. */
  async close(): Promise<void> {
    await this.#last;
  }

  async #find(): Promise<void> {
    const { directory } = this.#limits;
    const found: [string, Spooled][] = [];
    for (const name of await readdir(directory)) {
      if (name.endsWith(UNFINISHED)) await rm(join(directory, name), { force: true });
      if (!name.endsWith(SUFFIX)) continue;
      const { size, mtimeMs } = await stat(join(directory, name));
      found.push([name, { sizeBytes: size, endedAtMs: mtimeMs }]);
    }
    found.sort(([, a], [, b]) => a.endedAtMs - b.endedAtMs);
    for (const [name, spooled] of found) this.#add(name, spooled);
  }

  async #write(name: string, output: OutputBuffer, exit: ExitRecord): Promise<void> {
    const path = join(this.#limits.directory, name);
    const unfinished = `${path}${UNFINISHED}`;
    try {
      const sizeBytes = await writeAll(unfinished, framesOf(output, exit));
      await rename(unfinished, path);
      this.#forget(name);
      this.#add(name, { sizeBytes, endedAtMs: this.#limits.now() });
    } catch (error) {
      await rm(unfinished, { force: true });
      throw error;
    }
    await this.#prune();
  }

  /** A reader that has a file open goes on reading it. */
  async #prune(): Promise<void> {
    const { maxBytes, maxAttempts, maxAgeMs, directory, now } = this.#limits;
    const oldestMs = now() - maxAgeMs;
    for (const [name, { endedAtMs }] of this.#files) {
      if (this.#totalBytes <= maxBytes && this.#files.size <= maxAttempts && endedAtMs >= oldestMs) return;
      this.#forget(name);
      await rm(join(directory, name), { force: true });
    }
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

async function writeAll(path: string, pieces: Iterable<Uint8Array>): Promise<number> {
  const file = await open(path, "w", 0o600);
  try {
    let sizeBytes = 0;
    for (const piece of pieces) {
      await file.writeFile(piece);
      sizeBytes += piece.length;
    }
    return sizeBytes;
  } finally {
    await file.close();
  }
}

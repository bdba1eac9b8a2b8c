import type { Readable } from "node:stream";
import type Docker from "dockerode";
import { ImageUnavailableError, isLoss, messageOf } from "./docker-errors.ts";

const LONGEST_LINE = 1024 * 1024;

/** Pulls images: each at most once at a time, whoever waits for it. */
export class Images {
  readonly #docker: Docker;
  readonly #timeoutMs: number;
  readonly #pulls = new Map<string, Promise<void>>();
  readonly #abort = new AbortController();

  constructor(docker: Docker, timeoutMs: number) {
    this.#docker = docker;
    this.#timeoutMs = timeoutMs;
  }

  /** Rejects with {@link ImageUnavailableError}, at the latest after the limit of a pull. */
  pull(image: string): Promise<void> {
    let pull = this.#pulls.get(image);
    if (!pull) {
      pull = this.#pull(image).finally(() => this.#pulls.delete(image));
      this.#pulls.set(image, pull);
    }
    return pull;
  }

  /** Gives up all pulls. */
  close(): void {
    this.#abort.abort();
  }

  async #pull(image: string): Promise<void> {
    const limit = AbortSignal.timeout(this.#timeoutMs);
    const signal = AbortSignal.any([limit, this.#abort.signal]);
    try {
      const progress = await this.#docker.pull(image, { abortSignal: signal });
      await followPull(progress as Readable, signal);
    } catch (error) {
      const why = limit.aborted ? `the pull took longer than ${this.#timeoutMs} ms` : messageOf(error).trim();
      if (isLoss(error) && !signal.aborted) throw error;
      throw new ImageUnavailableError(`The image ${image} could not be pulled: ${why}.`, { cause: error });
    }
  }
}

/**
 * Reads the engine's progress to its end. The answer's status is 200 whatever comes later, so
 * the errors are among the lines.
 */
export async function followPull(progress: Readable, signal: AbortSignal): Promise<void> {
  const abort = (): void => void progress.destroy(signal.reason instanceof Error ? signal.reason : undefined);
  signal.addEventListener("abort", abort, { once: true });
  try {
    signal.throwIfAborted();
    let rest = "";
    for await (const piece of progress) {
      const lines = (rest + String(piece)).split("\n");
      rest = lines.pop() ?? "";
      if (rest.length > LONGEST_LINE) throw new Error("the engine's progress has no end of line");
      lines.forEach(checkLine);
    }
    checkLine(rest);
    signal.throwIfAborted();
  } finally {
    signal.removeEventListener("abort", abort);
  }
}

function checkLine(line: string): void {
  if (line.trim() === "") return;
  const { error, errorDetail } = JSON.parse(line) as { error?: string; errorDetail?: { message?: string } };
  const said = errorDetail?.message ?? error;
  if (said !== undefined) throw new Error(said);
}

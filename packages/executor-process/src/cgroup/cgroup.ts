import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { isShortage } from "@coxswain/executor";
import { errnoOf } from "./cgroup-files.ts";
import type { CgroupFiles } from "./cgroup-files.ts";
import { controlWrites, counterIn, wordsIn } from "./control-files.ts";
import type { Limits } from "../limits.ts";

const FIRST_PAUSE_MS = 1;
const LONGEST_PAUSE_MS = 50;
/** Longer than the kernel takes to end a tree; what is left then sits in the kernel and runs no code of its own. */
const GIVE_UP_AFTER_MS = 5_000;

/** One attempt's cgroup (v2): its limits, its members, and its end. */
export class Cgroup {
  readonly directory: string;
  readonly #devices: readonly string[];
  readonly #files: CgroupFiles;

  /** @param devices `major:minor` of the machine's disks */
  constructor(directory: string, devices: readonly string[], files: CgroupFiles) {
    this.directory = directory;
    this.#devices = devices;
    this.#files = files;
  }

  /** Makes it and sets every limit; if one is refused, nothing stays behind. */
  async make(limits: Limits): Promise<void> {
    await this.#files.mkdir(this.directory);
    try {
      for (const { file, text } of controlWrites(limits, this.#devices)) await this.#set(file, text, limits);
    } catch (error) {
      await this.#files.rmdir(this.directory).catch(() => {});
      throw error;
    }
  }

  /** Moves a process in, with whatever it starts from now on. */
  enter(pid: number): Promise<void> {
    return this.#files.write(join(this.directory, "cgroup.procs"), String(pid));
  }

  async members(): Promise<readonly number[]> {
    return wordsIn(await this.#read("cgroup.procs")).map(Number);
  }

  /** How many of its processes the kernel has killed because memory ran out. */
  async oomKills(): Promise<number> {
    return counterIn(await this.#read("memory.events"), "oom_kill");
  }

  /** How often a fork was refused. */
  async forksRefused(): Promise<number> {
    return counterIn(await this.#read("pids.events"), "max");
  }

  /**
   * Kills all that is inside, waits until it is empty, and removes it. Harmless when it is gone. Goes on for as long as
   * it cannot look, as when descriptors run out.
   *
   * @returns the pids that outlive SIGKILL, in which case it stays; empty as a rule
   */
  async end(): Promise<readonly number[]> {
    const giveUpAt = performance.now() + GIVE_UP_AFTER_MS;
    for (let pauseMs = FIRST_PAUSE_MS; ; pauseMs = Math.min(pauseMs * 2, LONGEST_PAUSE_MS)) {
      try {
        await this.#kill();
        await this.#files.rmdir(this.directory);
        return [];
      } catch (error) {
        const code = errnoOf(error);
        if (code === "ENOENT") return [];
        if (code !== "EBUSY" && !isShortage(error)) throw error;
        if (code === "EBUSY" && performance.now() > giveUpAt) return this.members();
      }
      await delay(pauseMs);
    }
  }

  async #kill(): Promise<void> {
    if ((await this.members()).length > 0) await this.#files.write(join(this.directory, "cgroup.kill"), "1");
  }

  async #set(file: string, text: string, limits: Limits): Promise<void> {
    try {
      await this.#files.write(join(this.directory, file), text);
    } catch (error) {
      // A kernel without swap has no such file, and then nothing can be swapped either.
      if (file === "memory.swap.max" && limits.swapBytes === 0 && errnoOf(error) === "ENOENT") return;
      throw new Error(`${file} does not take "${text}": ${(error as Error).message}`, { cause: error });
    }
  }

  /** A cgroup that is gone has no members and counts nothing. */
  async #read(file: string): Promise<string> {
    try {
      return await this.#files.read(join(this.directory, file));
    } catch (error) {
      if (errnoOf(error) === "ENOENT" || errnoOf(error) === "ENODEV") return "";
      throw error;
    }
  }
}

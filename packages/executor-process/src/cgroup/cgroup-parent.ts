import { readdir, readFile } from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import { Cgroup } from "./cgroup.ts";
import { cgroupFiles, errnoOf } from "./cgroup-files.ts";
import type { CgroupFiles } from "./cgroup-files.ts";
import { cgroup2MountIn, wordsIn } from "./control-files.ts";
import type { Controller } from "./control-files.ts";

const NEEDED: readonly Controller[] = ["cpu", "memory", "pids"];
const nameOf = (marker: string): string => `cox-${marker}`;

/** The cgroup (v2) under which every attempt gets its own. */
export class CgroupParent {
  readonly directory: string;
  /** Those that attempts can be held by; `io` may be missing. */
  readonly controllers: ReadonlySet<string>;
  readonly #devices: readonly string[];
  readonly #files: CgroupFiles;

  constructor(directory: string, controllers: ReadonlySet<string>, devices: readonly string[], files: CgroupFiles) {
    this.directory = directory;
    this.controllers = controllers;
    this.#devices = devices;
    this.#files = files;
  }

  /**
   * Makes the parent if it is missing, and hands it the controllers.
   *
   * @param directory default: `coxswain` where cgroup v2 is mounted
   * @returns the reason, as a sentence's end, when the machine cannot
   */
  static async open(directory?: string, files: CgroupFiles = cgroupFiles): Promise<CgroupParent | string> {
    const place = directory ?? (await defaultDirectory());
    if (place === undefined) return "cgroup v2 is not mounted";
    try {
      const offered = wordsIn(await files.read(join(dirname(place), "cgroup.controllers")));
      const missing = NEEDED.filter((controller) => !offered.includes(controller));
      if (missing.length > 0) return `the cgroup controllers ${missing.join(", ")} are missing in ${dirname(place)}`;
      await files.mkdir(place).catch((error: unknown) => {
        if (errnoOf(error) !== "EEXIST") throw error;
      });
      const wanted = [...NEEDED, ...(offered.includes("io") ? ["io"] : [])];
      for (const above of [dirname(place), place]) await enable(above, wanted, files);
      return new CgroupParent(place, new Set(wanted), wanted.includes("io") ? await disks() : [], files);
    } catch (error) {
      return `cgroups cannot be made in ${place}: ${(error as Error).message}`;
    }
  }

  /**
   * The cgroup of a run, not made yet: its path is recorded before.
   *
   * @param marker of the run, which names the cgroup
   */
  of(marker: string): Cgroup {
    return new Cgroup(join(this.directory, nameOf(marker)), this.#devices, this.#files);
  }
}

/**
 * The cgroup that a run's record names, so that it can be ended. Undefined unless its name is
 * that of the run: a record is a file, and what it names is going to be killed.
 */
export function recordedCgroup(directory: string | undefined, marker: string, files: CgroupFiles = cgroupFiles): Cgroup | undefined {
  if (directory === undefined || basename(directory) !== nameOf(marker)) return undefined;
  return new Cgroup(directory, [], files);
}

async function enable(directory: string, wanted: readonly string[], files: CgroupFiles): Promise<void> {
  const file = join(directory, "cgroup.subtree_control");
  const enabled = wordsIn(await files.read(file));
  const missing = wanted.filter((controller) => !enabled.includes(controller));
  if (missing.length > 0) await files.write(file, missing.map((controller) => `+${controller}`).join(" "));
}

async function defaultDirectory(): Promise<string | undefined> {
  const mount = cgroup2MountIn(await readFile("/proc/self/mountinfo", "utf8"));
  return mount === undefined ? undefined : join(mount, "coxswain");
}

/** `major:minor` of each whole disk that has a size. */
async function disks(): Promise<readonly string[]> {
  const names = await readdir("/sys/block").catch(() => []);
  const found = await Promise.all(names.map(deviceOf));
  return found.filter((device) => device !== undefined);
}

async function deviceOf(name: string): Promise<string | undefined> {
  // Memory in disguise: the kernel knows no rate for it.
  if (/^(loop|ram|zram)/.test(name)) return undefined;
  const read = async (file: string): Promise<string> => (await readFile(`/sys/block/${name}/${file}`, "latin1")).trim();
  try {
    return (await read("size")) === "0" ? undefined : await read("dev");
  } catch {
    // Unplugged since.
    return undefined;
  }
}

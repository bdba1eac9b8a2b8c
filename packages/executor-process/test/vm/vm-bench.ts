import { strict as assert } from "node:assert";
import { readdirSync, readFileSync } from "node:fs";
import { setTimeout as delay } from "node:timers/promises";
import type { RunningTask } from "@coxswain/executor";
import type { ProcessExecutorOptions } from "../../src/index.ts";
import { Bench } from "../bench.ts";

export const ROOT = "/sys/fs/cgroup";
export const PARENT: string = `${ROOT}/coxswain`;
export const MIB: number = 1024 ** 2;
const TRIES = 3_000;

/** An executor of the test machine, where nothing is missing and nothing may be left out. */
export class VmBench extends Bench {
  /** The fields of what was warned of. */
  readonly warnings: Readonly<Record<string, unknown>>[];

  constructor(options: Partial<ProcessExecutorOptions> = {}) {
    const warnings: Readonly<Record<string, unknown>>[] = [];
    const note = (fields: object): void => void warnings.push({ ...fields });
    super({ allowUnlimitedProcesses: false, isolation: "full", ...options }, { debug() {}, info() {}, warn: note, error: note });
    this.warnings = warnings;
  }

  /** Runs `body` on a fresh one. */
  static async with(options: Partial<ProcessExecutorOptions>, body: (bench: VmBench) => Promise<void>): Promise<void> {
    const bench = new VmBench(options);
    try {
      await body(bench);
      assert.deepEqual(await bench.leftovers(), []);
    } finally {
      await bench.close();
    }
  }
}

/** The names of the attempts' cgroups. */
export const cgroups = (): string[] => readdirSync(PARENT).filter((name) => name.startsWith("cox-"));

/** A control file of the only attempt's cgroup. */
export function control(file: string): string {
  const [name, ...others] = cgroups();
  assert(name !== undefined && others.length === 0, "there is one cgroup");
  return readFileSync(`${PARENT}/${name}/${file}`, "latin1").trim();
}

/** A number that a control file gives under a name. */
export const counter = (file: string, name: string): number => Number(new RegExp(`${name}[ =](\\d+)`).exec(control(file))?.[1] ?? NaN);

export const text = (task: RunningTask): string => Buffer.from(task.output.tail(Infinity)).toString();

export async function until(condition: () => boolean): Promise<void> {
  for (let i = 0; i < TRIES && !condition(); i += 1) await delay(10);
  assert(condition(), `never: ${condition}`);
}

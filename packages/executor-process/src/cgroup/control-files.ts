import type { Limits } from "../limits.ts";

/** One write into a control file of a cgroup (v2). */
export interface ControlWrite {
  readonly file: string;
  readonly text: string;
}

export type Controller = "cpu" | "memory" | "pids" | "io";

const CPU_PERIOD_US = 100_000;

/**
 * What is written into a new cgroup before anyone enters it.
 *
 * @param devices `major:minor` of the machine's disks; `io.max` knows no "all"
 */
export function controlWrites(limits: Limits, devices: readonly string[]): readonly ControlWrite[] {
  const rate = limits.ioBytesPerSecond;
  return [
    { file: "memory.max", text: String(limits.memoryBytes) },
    { file: "memory.swap.max", text: String(limits.swapBytes) },
    // Half an attempt is none: when memory runs out, all of it ends.
    { file: "memory.oom.group", text: "1" },
    { file: "cpu.max", text: `${Math.round(limits.cpus * CPU_PERIOD_US)} ${CPU_PERIOD_US}` },
    { file: "pids.max", text: String(limits.pids) },
    ...(rate === undefined ? [] : devices.map((device) => ({ file: "io.max", text: `${device} rbps=${rate} wbps=${rate}` }))),
  ];
}

/** One counter of a flat keyed file, such as `oom_kill` in memory.events; 0 if it is not there. */
export function counterIn(text: string, name: string): number {
  const line = text.split("\n").find((candidate) => candidate.startsWith(`${name} `));
  return Number(line?.slice(name.length + 1) ?? 0);
}

/** Where cgroup v2 is mounted, in the words of /proc/self/mountinfo (proc(5)). */
export function cgroup2MountIn(mountinfo: string): string | undefined {
  for (const line of mountinfo.split("\n")) {
    const [fields, type] = line.split(" - ");
    if (type?.startsWith("cgroup2 ")) return fields?.split(" ")[4];
  }
  return undefined;
}

/** The words of cgroup.controllers or cgroup.subtree_control. */
export const wordsIn = (text: string): readonly string[] => text.split(/\s+/).filter((word) => word !== "");

import { dirname } from "node:path";
import type { CgroupFiles } from "../src/cgroup/cgroup-files.ts";

const errno = (code: string): Error => Object.assign(new Error(code), { code });

/** A cgroup tree in memory which behaves, as far as it is used, like the kernel's. */
export class FakeCgroups implements CgroupFiles {
  /** Every call that changes something, in order. */
  readonly calls: string[] = [];
  /** Files and what is in them; directories are those of the files. */
  readonly files: Map<string, string> = new Map();
  /** How often `cgroup.kill` must be written before the members are gone. */
  killsNeeded = 1;
  /** Files that new cgroups lack. */
  lacking: readonly string[] = [];
  /** Writes that the kernel refuses, by the file's name. */
  refused: ReadonlyMap<string, string> = new Map();
  /** How often a read fails for want of descriptors. */
  shortages = 0;

  constructor(controllers: string) {
    this.files.set("/cg/cgroup.controllers", controllers);
    this.files.set("/cg/cgroup.subtree_control", "");
  }

  async mkdir(directory: string): Promise<void> {
    if (this.files.has(`${directory}/cgroup.procs`)) throw errno("EEXIST");
    this.calls.push(`mkdir ${directory}`);
    const offered = this.files.get(`${dirname(directory)}/cgroup.subtree_control`) ?? "";
    const control = ["memory.max", "memory.swap.max", "memory.oom.group", "cpu.max", "pids.max", "io.max"];
    const always = ["cgroup.procs", "cgroup.kill", "cgroup.subtree_control", "memory.events", "pids.events"];
    for (const file of [...control, ...always]) if (!this.lacking.includes(file)) this.files.set(`${directory}/${file}`, "");
    this.files.set(`${directory}/cgroup.controllers`, offered);
  }

  async write(file: string, text: string): Promise<void> {
    if (!this.files.has(file)) throw errno("ENOENT");
    const code = this.refused.get(file.slice(file.lastIndexOf("/") + 1));
    if (code) throw errno(code);
    this.calls.push(`${file} < ${text}`);
    this.files.set(file, text);
    if (file.endsWith("subtree_control")) this.files.set(file, text.replaceAll("+", ""));
    if (!file.endsWith("cgroup.kill")) return;
    this.killsNeeded -= 1;
    if (this.killsNeeded <= 0) this.files.set(`${dirname(file)}/cgroup.procs`, "");
  }

  async read(file: string): Promise<string> {
    this.shortages -= 1;
    if (this.shortages >= 0) throw errno("EMFILE");
    const text = this.files.get(file);
    if (text === undefined) throw errno("ENOENT");
    return text;
  }

  async rmdir(directory: string): Promise<void> {
    const members = this.files.get(`${directory}/cgroup.procs`);
    if (members === undefined) throw errno("ENOENT");
    if (members !== "") throw errno("EBUSY");
    this.calls.push(`rmdir ${directory}`);
    for (const file of [...this.files.keys()]) if (dirname(file) === directory) this.files.delete(file);
  }
}

import { IsolationMissingError } from "@coxswain/executor";
import { CgroupParent } from "./cgroup/cgroup-parent.ts";
import type { Controller } from "./cgroup/control-files.ts";
import type { LimitName } from "./limits.ts";
import type { ProcessSettings } from "./process-options.ts";
import { Sandbox } from "./sandbox/sandbox.ts";
import { SYSTEM_PATHS } from "./sandbox/view.ts";

/** What holds each limit; the number of open files needs nothing but a shell. */
const HOLDERS: { readonly [Name in LimitName]: Controller | "sandbox" | undefined } = {
  memoryBytes: "memory",
  swapBytes: "memory",
  cpus: "cpu",
  pids: "pids",
  ioBytesPerSecond: "io",
  tmpfsBytes: "sandbox",
  openFiles: undefined,
};

/** What holds an attempt in on this machine. */
export class Isolation {
  readonly sandbox: Sandbox | undefined;
  readonly cgroups: CgroupParent | undefined;
  readonly #sandboxReason: string;
  readonly #cgroupsReason: string;

  /** @param sandbox or why there is none; so with cgroups */
  constructor(sandbox: Sandbox | string, cgroups: CgroupParent | string) {
    this.sandbox = typeof sandbox === "string" ? undefined : sandbox;
    this.cgroups = typeof cgroups === "string" ? undefined : cgroups;
    this.#sandboxReason = typeof sandbox === "string" ? sandbox : "";
    this.#cgroupsReason = typeof cgroups === "string" ? cgroups : "";
  }

  /** @throws {IsolationMissingError} when something is missing and tasks may not run without it */
  static async open(settings: ProcessSettings): Promise<Isolation> {
    const isolation = new Isolation(...(await Promise.all([openSandbox(settings), openCgroups(settings)])));
    const { missing } = isolation;
    if (missing.length === 0 || settings.allowUnlimitedProcesses) return isolation;
    throw new IsolationMissingError(
      `Tasks would have ${missing.join(" and ")}; provide it, or allow unlimited processes on this node.`,
    );
  }

  /** For people; undefined when nothing is missing. */
  get limitations(): string | undefined {
    const { missing } = this;
    return missing.length > 0 ? `unlimited processes are allowed; tasks have ${missing.join(" and ")}` : undefined;
  }

  get missing(): readonly string[] {
    return [
      ...(this.sandbox ? [] : [`no sandbox (${this.#sandboxReason})`]),
      ...(this.cgroups ? [] : [`no limits (${this.#cgroupsReason})`]),
    ];
  }

  /**
   * Refuses limits that nothing here would hold.
   *
   * @throws {IsolationMissingError} naming each, with the reason
   */
  checkHolds(names: readonly LimitName[]): void {
    const without = names.flatMap((name) => {
      const reason = this.#whyNot(name);
      return reason === undefined ? [] : [`limits.${name} (${reason})`];
    });
    if (without.length === 0) return;
    throw new IsolationMissingError(`This node cannot hold a task to ${without.join(", ")}; ask for fewer limits, or another node.`);
  }

  #whyNot(name: LimitName): string | undefined {
    const holder = HOLDERS[name];
    if (holder === undefined) return undefined;
    if (holder === "sandbox") return this.sandbox ? undefined : `no sandbox: ${this.#sandboxReason}`;
    if (!this.cgroups) return this.#cgroupsReason;
    return this.cgroups.controllers.has(holder) ? undefined : `the cgroup controller ${holder} is missing`;
  }
}

async function openSandbox(settings: ProcessSettings): Promise<Sandbox | string> {
  if (settings.isolation === "none") return "switched off";
  return Sandbox.open(settings.sandboxTools, [...SYSTEM_PATHS, ...settings.readOnlyPaths], process.env["PATH"] ?? "");
}

async function openCgroups(settings: ProcessSettings): Promise<CgroupParent | string> {
  return settings.isolation === "none" ? "switched off" : CgroupParent.open(settings.cgroupDirectory);
}

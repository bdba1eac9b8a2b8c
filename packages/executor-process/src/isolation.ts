import { IsolationMissingError } from "@coxswain/executor";
import { CgroupParent } from "./cgroup/cgroup-parent.ts";
import type { ProcessSettings } from "./process-options.ts";
import { SYSTEM_PATHS } from "./sandbox/bwrap-argv.ts";
import { Sandbox } from "./sandbox/sandbox.ts";

/** What holds an attempt in on this machine. */
export interface Isolation {
  readonly sandbox: Sandbox | undefined;
  readonly cgroups: CgroupParent | undefined;
  /** What is missing, for people; undefined when nothing is. */
  readonly limitations: string | undefined;
}

/** @throws {IsolationMissingError} when something is missing and tasks may not run without it */
export async function openIsolation(settings: ProcessSettings): Promise<Isolation> {
  const [sandbox, cgroups] = await Promise.all([openSandbox(settings), openCgroups(settings)]);
  const missing = [
    ...(typeof sandbox === "string" ? [`no sandbox (${sandbox})`] : []),
    ...(typeof cgroups === "string" ? [`no limits (${cgroups})`] : []),
  ];
  if (missing.length > 0 && !settings.allowUnlimitedProcesses) {
    throw new IsolationMissingError(
      `Tasks would have ${missing.join(" and ")}; provide it, or allow unlimited processes on this node.`,
    );
  }
  return {
    sandbox: typeof sandbox === "string" ? undefined : sandbox,
    cgroups: typeof cgroups === "string" ? undefined : cgroups,
    limitations: missing.length > 0 ? `unlimited processes are allowed; tasks have ${missing.join(" and ")}` : undefined,
  };
}

async function openSandbox(settings: ProcessSettings): Promise<Sandbox | string> {
  if (settings.isolation === "none") return "switched off";
  const readOnlyPaths = [...SYSTEM_PATHS, ...settings.readOnlyPaths];
  return Sandbox.open({ readOnlyPaths, tmpBytes: settings.tmpBytes }, process.env["PATH"] ?? "");
}

async function openCgroups(settings: ProcessSettings): Promise<CgroupParent | string> {
  return settings.isolation === "none" ? "switched off" : CgroupParent.open(settings.cgroupDirectory);
}

/** What the engine reports of itself, as far as it matters here. */
export interface EngineAbilities {
  readonly OSType: string;
  readonly MemoryLimit: boolean;
  readonly SwapLimit: boolean;
  readonly CpuCfsQuota: boolean;
  readonly PidsLimit: boolean;
  readonly SecurityOptions: readonly string[] | null;
}

/** What the engine says when it leaves out a limit, in all its wordings. */
const LEFT_OUT = /limit|swap|quota|period|shares|cgroup|discarded|not support/i;

/** Without these an engine cannot hold tasks to their limits; it would run them all the same. In words; empty is right. */
export function lackingOf(abilities: EngineAbilities): string[] {
  return [
    abilities.OSType === "linux" ? "" : "Linux containers",
    abilities.MemoryLimit ? "" : "memory limits",
    abilities.SwapLimit ? "" : "swap limits",
    abilities.CpuCfsQuota ? "" : "cpu quotas",
    abilities.PidsLimit ? "" : "pids limits",
    (abilities.SecurityOptions ?? []).some(confines) ? "" : "seccomp",
  ].filter((what) => what !== "");
}

/** Those of an engine's warnings that are about limits it does not hold. */
export function leftOutIn(warnings: readonly string[]): string[] {
  return warnings.filter((warning) => LEFT_OUT.test(warning));
}

/** An engine may have been told to use seccomp for nothing. */
function confines(option: string): boolean {
  return option.includes("seccomp") && !option.includes("unconfined");
}

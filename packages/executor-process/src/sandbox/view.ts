/** Programs, libraries, and what they need to tell names, time and certificates; no secrets. */
export const SYSTEM_PATHS: readonly string[] = [
  "/usr", "/bin", "/sbin", "/lib", "/lib32", "/lib64", "/libx32",
  "/etc/alternatives", "/etc/ca-certificates", "/etc/group", "/etc/ld.so.cache", "/etc/localtime",
  "/etc/nsswitch.conf", "/etc/passwd", "/etc/ssl/certs",
];

/** Where a sandboxed program starts unless it names another place. */
export const PRIVATE_TMP = "/tmp";

/** The host name inside. */
export const HOST_NAME = "coxswain";

/** One sandboxed program: what it sees, what it may write, where it starts. */
export interface SandboxView {
  /** Paths of the machine, seen read-only at the same place; those that are missing are left out. */
  readonly readOnlyPaths: readonly string[];
  /** Of the private /tmp, and again of /dev/shm. */
  readonly tmpfsBytes: number;
  /** As it is called inside. */
  readonly directory: string;
}

/** Whether a path of the machine is there inside, too. */
export function isSeen(readOnlyPaths: readonly string[], path: string): boolean {
  return readOnlyPaths.some((root) => path === root || path.startsWith(`${root}/`));
}

/** What a sandboxed program sees and where it starts. */
export interface SandboxView {
  /** Paths of the machine, seen read-only at the same place; those that are missing are left out. */
  readonly readOnlyPaths: readonly string[];
  /** Of the private /tmp, and again of /dev/shm. */
  readonly tmpBytes: number;
}

/** Programs, libraries, and what they need to tell names, time and certificates; no secrets. */
export const SYSTEM_PATHS: readonly string[] = [
  "/usr", "/bin", "/sbin", "/lib", "/lib32", "/lib64", "/libx32",
  "/etc/alternatives", "/etc/ca-certificates", "/etc/group", "/etc/ld.so.cache", "/etc/localtime",
  "/etc/nsswitch.conf", "/etc/passwd", "/etc/ssl/certs",
];

/** Where a sandboxed program starts unless it names another place. */
export const PRIVATE_TMP = "/tmp";

/**
 * bubblewrap's arguments up to and with `--`: namespaces of its own for users, processes,
 * mounts, network, IPC, host name and cgroups; no capabilities, no further user namespaces,
 * and (always with bubblewrap) no new privileges; all dead when bubblewrap is.
 */
export function bwrapArgv(view: SandboxView, directory: string): readonly string[] {
  return [
    "--die-with-parent",
    "--unshare-user", "--disable-userns", "--cap-drop", "ALL",
    "--unshare-pid", "--unshare-net", "--unshare-ipc", "--unshare-uts", "--unshare-cgroup",
    "--hostname", "coxswain",
    ...view.readOnlyPaths.flatMap((path) => ["--ro-bind-try", path, path]),
    "--proc", "/proc",
    "--dev", "/dev",
    "--size", String(view.tmpBytes), "--tmpfs", "/dev/shm",
    "--remount-ro", "/dev",
    "--size", String(view.tmpBytes), "--tmpfs", PRIVATE_TMP,
    // The root itself is a tmpfs, and it has no size.
    "--remount-ro", "/",
    "--chdir", directory,
    "--",
  ];
}

/** Whether a path of the machine is there inside, too. */
export function isSeen(view: SandboxView, path: string): boolean {
  return view.readOnlyPaths.some((root) => path === root || path.startsWith(`${root}/`));
}

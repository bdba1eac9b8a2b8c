import { HOST_NAME, PRIVATE_TMP } from "./view.ts";
import type { SandboxView } from "./view.ts";

/**
 * bubblewrap's arguments up to and with `--`: namespaces of its own for users, processes,
 * mounts, network, IPC, host name and cgroups; no capabilities, no further user namespaces,
 * and (always with bubblewrap) no new privileges; all dead when bubblewrap is.
 */
export function bwrapArgv({ readOnlyPaths, tmpfsBytes, directory }: SandboxView): readonly string[] {
  return [
    "--die-with-parent",
    "--unshare-user", "--disable-userns", "--cap-drop", "ALL",
    "--unshare-pid", "--unshare-net", "--unshare-ipc", "--unshare-uts", "--unshare-cgroup",
    "--hostname", HOST_NAME,
    ...readOnlyPaths.flatMap((path) => ["--ro-bind-try", path, path]),
    "--proc", "/proc",
    "--dev", "/dev",
    "--size", String(tmpfsBytes), "--tmpfs", "/dev/shm",
    "--remount-ro", "/dev",
    "--size", String(tmpfsBytes), "--tmpfs", PRIVATE_TMP,
    // The root itself is a tmpfs, and it has no size.
    "--remount-ro", "/",
    "--chdir", directory,
    "--",
  ];
}

import { HOST_NAME, PRIVATE_TMP } from "./view.ts";
import type { SandboxView } from "./view.ts";

/** The two programs of util-linux that are named by path: inside, PATH is the task's. */
export interface UnshareTools {
  readonly unshare: string;
  readonly setpriv: string;
}

/** Where the new root is put together, out of sight of everyone else; the first that covers nothing which is to be shown. */
const PLACES = ["/mnt", "/media", "/srv", "/opt", "/tmp"];
const ROOT = ".coxswain-root";
const DEVICES = "null zero full random urandom tty";

/**
 * What bubblewrap does, by the programs of util-linux: namespaces of its own for users,
 * processes, mounts, network (without even a loopback that is up), IPC, host name and cgroups;
 * a root that is put together of read-only views; and then a second user namespace, in which
 * the program has no capabilities over any of it.
 *
 * It must be started by an unprivileged user: root of the machine would keep its rights over
 * the machine's files in the first namespace.
 *
 * @param user uid and gid that the program sees itself as
 */
export function unshareArgv(tools: UnshareTools, view: SandboxView, user: { readonly uid: number; readonly gid: number }): readonly string[] {
  return [
    tools.setpriv, "--no-new-privs", "--pdeathsig", "KILL", "--",
    tools.unshare, "--user", "--map-root-user", "--mount", "--pid", "--fork", "--kill-child", "--net", "--ipc", "--uts", "--cgroup", "--",
    "/bin/sh", "-c", scriptOf(tools, view, user), "sh",
  ];
}

/**
 * First process of the namespaces. All but the end is in a subshell, so that its variables are
 * not the program's; and outside of any condition, where `set -e` would not count. The shell
 * stays as init: what the kernel gives to a first process (it ignores SIGTERM) is not the program's matter.
 */
function scriptOf(tools: UnshareTools, view: SandboxView, { uid, gid }: { readonly uid: number; readonly gid: number }): string {
  return `( set -e
PATH=/usr/sbin:/usr/bin:/sbin:/bin
${rootOf(view)}
)
[ $? -eq 0 ] || exit 125
cd ${quoted(view.directory)} || exit 125
unset OLDPWD
${quoted(tools.unshare)} --user --map-user=${uid} --map-group=${gid} --keep-caps -- ${quoted(tools.setpriv)} --no-new-privs --bounding-set=-all --inh-caps=-all --ambient-caps=-all -- "$@"
exit $?`;
}

/** Submounts come along with their own flags, so each is made read-only, too. The last user namespace has no right to another. */
function rootOf({ readOnlyPaths, tmpfsBytes }: SandboxView): string {
  const place = PLACES.find((candidate) => !readOnlyPaths.some((path) => path === candidate || path.startsWith(`${candidate}/`)));
  if (place === undefined) throw new Error(`tasks are shown all of ${PLACES.join(", ")}, and one of them has to hold the new root`);
  return `mount -t tmpfs -o mode=755,nosuid,nodev tmpfs ${place}
mkdir ${place}/${ROOT}
mount -t tmpfs -o mode=755,nosuid,nodev tmpfs ${place}/${ROOT}
cd ${place}/${ROOT}
for path in ${readOnlyPaths.map(quoted).join(" ")}; do
  if [ -d "$path" ]; then mkdir -p ".$path"; mount --rbind "$path" ".$path"
  elif [ -e "$path" ]; then mkdir -p ".\${path%/*}"; : > ".$path"; mount --bind "$path" ".$path"; fi
done
mounts=$(cat /proc/self/mountinfo)
while read -r _ _ _ _ point options _; do
  case $point in ${place}/${ROOT}/*) mount -o "remount,bind,$options,nosuid,nodev,ro" "$point" ;; esac
done <<END
$mounts
END
mkdir -p proc dev .${PRIVATE_TMP}
mount -t proc -o nosuid,nodev,noexec proc proc
echo 1 > proc/sys/user/max_user_namespaces
mount --bind proc/sys proc/sys
mount -o remount,bind,ro,nosuid,nodev,noexec proc/sys
mount -t tmpfs -o mode=755,nosuid tmpfs dev
for name in ${DEVICES}; do : > "dev/$name"; mount --bind "/dev/$name" "dev/$name"; done
ln -s /proc/self/fd dev/fd
ln -s /proc/self/fd/0 dev/stdin
ln -s /proc/self/fd/1 dev/stdout
ln -s /proc/self/fd/2 dev/stderr
mkdir dev/shm
mount -o remount,bind,ro,nosuid dev
mount -t tmpfs -o mode=1777,nosuid,nodev,size=${tmpfsBytes} tmpfs dev/shm
mount -t tmpfs -o mode=1777,nosuid,nodev,size=${tmpfsBytes} tmpfs .${PRIVATE_TMP}
hostname ${HOST_NAME}
pivot_root . .
umount -l .
cd /
mount -o remount,bind,ro,nosuid,nodev /`;
}

const quoted = (text: string): string => `'${text.replaceAll("'", `'\\''`)}'`;

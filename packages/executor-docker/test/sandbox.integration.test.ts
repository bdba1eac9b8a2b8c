/** What a task finds when it looks around in its container, and what happens when it tries to get out. */
import { afterAll, beforeAll, expect, test } from "@jest/globals";
import { Bench } from "./bench.ts";
import { describeDocker, useEngine } from "./docker.ts";

const MIB = 1024 * 1024;
const WITHIN_MS = 60_000;
const LIMITS = { memoryBytes: 64 * MIB, cpus: 1, pids: 20, tmpfsBytes: 2 * MIB, openFiles: 77 };

/** Each prints one line or more under its name. */
const LOOKS = {
  links: "ip -o link | cut -d: -f2",
  outside: "nc -w 1 192.0.2.1 80 < /dev/null",
  capabilities: "grep -E '^Cap(Inh|Prm|Eff|Bnd|Amb):' /proc/self/status | tr -d '\\t'",
  privileges: "grep NoNewPrivs: /proc/self/status | tr -d '\\t'",
  seccomp: "grep Seccomp: /proc/self/status | tr -d '\\t'; unshare -U true",
  root: "touch /x; mkdir /etc/y; echo x > /proc/sys/kernel/hostname; mkdir /sys/fs/cgroup/z",
  user: "id -u; id -g; id -G",
  tmp: "dd if=/dev/zero of=/tmp/full bs=1k; ls -l /tmp/full | awk '{print $5}'; rm /tmp/full",
  shm: "dd if=/dev/zero of=/dev/shm/full bs=1k; ls -l /dev/shm/full | awk '{print $5}'; rm /dev/shm/full",
  programs: "cp /bin/busybox /tmp/sh && /tmp/sh true; cp /bin/busybox /dev/shm/sh && /dev/shm/sh true",
  devices: "mknod /tmp/disk b 8 0; ls /dev | grep -E '^(sd|vd|nvme|mem|kmsg)'",
  mounts: "mount -t tmpfs none /tmp; umount /proc",
  pids: "cat /sys/fs/cgroup/pids/pids.max /sys/fs/cgroup/pids.max 2>/dev/null",
  files: "ulimit -n; ulimit -c",
  init: "tr '\\0' ' ' < /proc/1/cmdline | cut -d' ' -f1; ls /proc | grep -cE '^[0-9]+$' | awk '{print $1 < 12}'",
  // The orphan's parent is gone at once, so its end is the init's to notice; nobody else would.
  reaps: "sh -c 'sh -c \"exit 0\" & echo $! > /tmp/orphan'; while [ -d /proc/$(cat /tmp/orphan) ]; do :; done; echo reaped",
  environment: "env | cut -d= -f1 | sort | tr '\\n' ' '",
};

describeDocker("in its container a task", () => {
  const engine = useEngine();
  const seen = new Map<string, string[]>();
  beforeAll(async () => {
    const bench = new Bench(engine());
    const shell = Object.entries(LOOKS).map(([name, look]) => `echo '## ${name}'; { ${look}; } 2>&1`).join("; ");
    const { result, output } = await bench.finish({ shell, env: { GIVEN: "1" }, limits: LIMITS });
    expect(result).toMatchObject({ outcome: "succeeded" });
    for (const part of output.split("## ").slice(1)) {
      const [name = "", ...lines] = part.trim().split("\n");
      seen.set(name, lines);
    }
    await bench.close();
  }, WITHIN_MS);
  afterAll(() => seen.clear());
  const look = (name: keyof typeof LOOKS): string => (seen.get(name) ?? ["not seen"]).join("\n");

  test("has no network: the loopback alone, and nothing is reachable", () => {
    expect(look("links").trim()).toBe("lo");
    expect(look("outside")).toMatch(/unreachable/i);
  });

  test("has no capabilities, and can get none", () => {
    expect(look("capabilities").split("\n")).toEqual(["Inh", "Prm", "Eff", "Bnd", "Amb"].map((set) => `Cap${set}:0000000000000000`));
  });

  test("gains no privileges by programs with the setuid bit (no-new-privileges)", () => {
    expect(look("privileges")).toBe("NoNewPrivs:1");
  });

  test("is under the engine's default seccomp profile: a new user namespace is refused", () => {
    expect(look("seccomp")).toMatch(/^Seccomp:2\n.*Operation not permitted/);
  });

  test("sees a read-only root, /proc/sys and /sys", () => {
    expect(look("root").split("\n").length).toBe(4);
    for (const line of look("root").split("\n")) expect(line).toMatch(/Read-only file system|Permission denied/);
    expect(look("root")).toContain("touch: /x: Read-only file system");
  });

  test("is nobody, not root, without further groups", () => {
    expect(look("user")).toBe("65534\n65534\n65534");
  });

  test("has a /tmp and a /dev/shm of the size of tmpfsBytes each, and nothing else to write to", () => {
    for (const name of ["tmp", "shm"] as const) {
      expect(look(name)).toContain("No space left on device");
      expect(look(name).split("\n").at(-1)).toBe(String(LIMITS.tmpfsBytes));
    }
  });

  test("cannot run programs that it writes", () => {
    expect(look("programs").split("\n")).toEqual([expect.stringContaining("Permission denied"), expect.stringContaining("Permission denied")]);
  });

  test("sees no devices of the machine, makes none, and mounts nothing", () => {
    expect(look("devices")).toMatch(/^mknod: .*Operation not permitted$/);
    expect(look("mounts")).toMatch(/^mount: .*(denied|permitted).*\numount: .*(denied|permitted|Invalid)/i);
  });

  test("is held to its pids and open files, and leaves no core files", () => {
    expect(look("pids")).toBe("20");
    expect(look("files")).toBe("77\n0");
  });

  test("sees its own processes alone, under an init that reaps orphans", () => {
    expect(look("init")).toBe("/sbin/docker-init\n1");
    expect(look("reaps")).toBe("reaped");
  });

  test("has in its environment what it was given, and nothing of the node's", () => {
    const own = ["COX_ATTEMPT", "COX_DUE", "COX_EXECUTION_ID", "COX_JOB_ID", "COX_RUN"];
    expect(look("environment").trim().split(" ")).toEqual([...own, "GIVEN", "HOME", "HOSTNAME", "PATH", "PWD", "SHLVL"]);
  });
});

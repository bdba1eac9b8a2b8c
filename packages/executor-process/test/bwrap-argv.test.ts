import { expect, test } from "@jest/globals";
import { bwrapArgv } from "../src/sandbox/bwrap-argv.ts";
import { isSeen } from "../src/sandbox/view.ts";

const VIEW = { readOnlyPaths: ["/usr", "/opt/tools"], tmpfsBytes: 1_000, directory: "/tmp" };
const argv = bwrapArgv(VIEW);
const text = argv.join(" ");

test.each(["user", "pid", "net", "ipc", "uts", "cgroup"])("it has a %s namespace of its own", (name) => {
  expect(argv).toContain(`--unshare-${name}`);
});

test("nothing of the machine is bound but what the view names, and all of it read-only", () => {
  expect(argv.filter((word) => word.includes("bind"))).toEqual(["--ro-bind-try", "--ro-bind-try"]);
  expect(text).toContain("--ro-bind-try /usr /usr --ro-bind-try /opt/tools /opt/tools");
});

test("every place that can be written has a size, and the rest is read-only", () => {
  expect(text).toContain("--size 1000 --tmpfs /dev/shm --remount-ro /dev");
  expect(text).toContain("--size 1000 --tmpfs /tmp --remount-ro /");
});

test("it dies with its parent, has no capabilities and cannot gain any", () => {
  expect(argv).toContain("--die-with-parent");
  expect(argv).toContain("--disable-userns");
  expect(text).toContain("--cap-drop ALL");
});

test("it ends with what keeps the command from being read as options", () => {
  expect(argv.slice(-3)).toEqual(["--chdir", "/tmp", "--"]);
});

test("a path is seen if it is a root of the view or below one, not if it merely begins like one", () => {
  const paths = ["/usr", "/usr/bin/env", "/usrx", "/opt", "/opt/tools/a", "/"];
  expect(paths.filter((path) => isSeen(VIEW.readOnlyPaths, path))).toEqual(["/usr", "/usr/bin/env", "/opt/tools/a"]);
});

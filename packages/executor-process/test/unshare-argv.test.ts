import { expect, test } from "@jest/globals";
import { unshareArgv } from "../src/sandbox/unshare-argv.ts";

const TOOLS = { unshare: "/usr/bin/unshare", setpriv: "/usr/bin/setpriv" };
const argvOf = (readOnlyPaths: readonly string[]): readonly string[] =>
  unshareArgv(TOOLS, { readOnlyPaths, tmpfsBytes: 4_096, directory: "/it's" }, { uid: 65_534, gid: 65_534 });
const argv = argvOf(["/usr", "/opt/tools"]);
const script = argv.at(-2) ?? "";

test.each(["user", "pid", "mount", "net", "ipc", "uts", "cgroup"])("it has a %s namespace of its own", (name) => {
  expect(argv).toContain(`--${name}`);
});

test("it dies with its parent, and has no way to new privileges from the start", () => {
  expect(argv.slice(0, 5)).toEqual([TOOLS.setpriv, "--no-new-privs", "--pdeathsig", "KILL", "--"]);
  expect(argv).toContain("--kill-child");
});

test("no step of putting the root together may fail unnoticed", () => {
  expect(script.split("\n")[0]).toBe("( set -e");
  // In a condition, such as before ||, set -e would not count.
  expect(script).toContain("\n)\n[ $? -eq 0 ] || exit 125\n");
});

test("the program itself gets no capabilities, in a user namespace below the one that owns the rest", () => {
  const last = script.split("\n").at(-2);
  expect(last).toMatch(/^'\/usr\/bin\/unshare' --user --map-user=65534 --map-group=65534 --keep-caps -- .*--bounding-set=-all .*--ambient-caps=-all -- "\$@"$/);
});

test("names are literal, however they look", () => {
  expect(script).toContain("cd '/it'\\''s' || exit 125");
  expect(argvOf(["/a b", "/$(x)"]).at(-2)).toContain("for path in '/a b' '/$(x)'; do");
});

test("the new root covers nothing that is to be shown", () => {
  expect(script).toContain("mkdir /mnt/.coxswain-root");
  expect(argvOf(["/mnt/data", "/media"]).at(-2)).toContain("mkdir /srv/.coxswain-root");
});

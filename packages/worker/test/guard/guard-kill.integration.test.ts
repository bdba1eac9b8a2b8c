import { execFileSync } from "node:child_process";
import { fileURLToPath } from "node:url";
import { expect, test } from "@jest/globals";
import { describeLinux } from "./group.ts";

describeLinux("a guard without descriptors", () => {
  test("does not take what it cannot look at for gone, and goes on until it can look", () => {
    const script = fileURLToPath(new URL("no-descriptors.mjs", import.meta.url));
    const { NODE_OPTIONS: _, ...env } = process.env;
    const said = execFileSync("/bin/sh", ["-c", 'ulimit -n 100; exec "$@"', "sh", process.execPath, script], { env, encoding: "utf8" });
    expect(said).toBe("EMFILE\nundefined\nleft: \n");
  });
});

// Boots a machine with cgroup v2. That takes about a minute, so it runs only when asked for:
//   npm test -- --testMatch '**/cgroup-vm.slow.ts'
import { execFile } from "node:child_process";
import { readFileSync } from "node:fs";
import { rm } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";
import { beforeAll, describe, expect, test } from "@jest/globals";
import { buildVm, missingForVm } from "./vm/build-vm.ts";

/** Emulated, without the help of the processor: slow, but the same everywhere. */
const LIMIT_MS = 180_000;

interface Verdict {
  readonly name: string;
  readonly error?: string;
}

const missing = await missingForVm();
if (missing.length > 0) console.warn(`SKIPPED, NOT TESTED: cgroup (v2) tests need a test machine of ${missing.join(", ")}`);
const names = [...readFileSync(new URL("vm/cases.mjs", import.meta.url), "utf8").matchAll(/^ {2}"(.+)": (?:async )?\(\) =>/gm)].map(
  ([, name]) => name ?? "",
);

(missing.length > 0 ? describe.skip : describe)("on a machine with cgroup v2", () => {
  let console_ = "";
  let verdicts: readonly Verdict[] = [];

  beforeAll(async () => {
    const { directory, kernel } = await buildVm();
    try {
      console_ = await boot(directory, kernel);
    } finally {
      await rm(directory, { recursive: true, force: true });
    }
    verdicts = [...console_.matchAll(/COX-CASE (\{.*\})/g)].map(([, line]) => JSON.parse(line ?? "") as Verdict);
  }, LIMIT_MS + 30_000);

  test.each(names)("%s", (name) => {
    const verdict = verdicts.find((candidate) => candidate.name === name);
    expect(verdict ?? `no verdict; the console said:\n${console_.slice(-4_000)}`).toEqual({ name, ms: expect.any(Number) });
  });
});

async function boot(directory: string, kernel: string): Promise<string> {
  const words = "-accel tcg,thread=multi -cpu max -m 1024 -smp 2 -nographic -no-reboot -nodefaults -serial stdio".split(" ");
  const append = "console=ttyS0 quiet panic=-1 cgroup_no_v1=all";
  const argv = [...words, "-kernel", kernel, "-initrd", join(directory, "initramfs.gz"), "-append", append];
  const run = promisify(execFile)("qemu-system-x86_64", argv, { timeout: LIMIT_MS, killSignal: "SIGKILL", maxBuffer: 1024 ** 3 });
  return run.then(
    ({ stdout }) => stdout,
    (error: Error & { stdout?: string; stderr?: string }) => `${error.stdout ?? ""}${error.stderr ?? ""}${error.message}`,
  );
}

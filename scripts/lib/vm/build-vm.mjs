/**
 * Builds the small machine of tests that need real cgroups (v2): Node.js, busybox and bubblewrap in an initramfs, and what a test adds.
 */
import { execFile } from "node:child_process";
import { existsSync } from "node:fs";
import { chmod, copyFile, mkdir, mkdtemp, readdir, readFile, realpath, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { transform } from "@swc/core";
import { bootVm, KERNEL } from "./boot-vm.mjs";

const run = promisify(execFile);
const OPTIONS = { jsc: { target: "es2023", parser: { syntax: "typescript" } }, module: { type: "es6" } };
/** What is used here and in the machine, by the Debian package that has it. */
const TOOLS = { "qemu-system-x86_64": "qemu-system-x86", busybox: "busybox-static", bwrap: "bubblewrap" };

/** The packages that are missing, or another reason why there can be no test machine. */
export async function missingForVm() {
  if (process.platform !== "linux" || process.arch !== "x64") return ["Linux on x86-64"];
  const missing = await Promise.all(Object.entries(TOOLS).map(async ([tool, name]) => ((await which(tool)) ? [] : [name])));
  return [...missing.flat(), ...(existsSync(KERNEL) ? [] : ["a kernel (node scripts/vm-kernel.mjs gets one)"])];
}

/** Builds a machine whose `/app` is what `fill` makes of it, boots it, and removes it. In it runs `run-cases.js` of the folder `cases`. */
export async function runInVm({ cases, fill, limitMs }) {
  const directory = await mkdtemp(join(tmpdir(), "cox-cgroup-vm-"));
  try {
    await buildVm(directory, cases, fill);
    return await bootVm(directory, limitMs);
  } finally {
    await rm(directory, { recursive: true, force: true });
  }
}

async function buildVm(directory, cases, fill) {
  const root = join(directory, "root");
  for (const folder of ["bin", "dev", "proc", "sys", "tmp", "usr/bin", "app"]) await mkdir(join(root, folder), { recursive: true });
  await copyPrograms(root);
  await fill(join(root, "app"));
  for (const script of ["init", "run-cases"]) await copyFile(fileURLToPath(new URL(script, import.meta.url)), join(root, script));
  await chmod(join(root, "init"), 0o755);
  await writeFile(join(root, "cases"), cases);
  // Not compressed: unpacking is slow on an emulated processor.
  await run("sh", ["-c", "find . | busybox cpio -o -H newc > ../initramfs"], { cwd: root });
  await run("truncate", ["-s", "64M", join(directory, "disk-0"), join(directory, "disk-1")]);
}

async function copyPrograms(root) {
  const busybox = (await which("busybox")) ?? "";
  await copyFile(busybox, join(root, "bin/busybox"));
  const { stdout } = await run(busybox, ["--list"]);
  const applets = stdout.trim().split("\n").filter((applet) => applet !== "busybox");
  await Promise.all(applets.map((applet) => symlink("busybox", join(root, "bin", applet))));
  for (const [name, program] of [["node", process.execPath], ["bwrap", (await which("bwrap")) ?? ""]]) {
    await copyFile(program, join(root, "usr/bin", name));
    for (const library of await librariesOf(program)) {
      await mkdir(dirname(join(root, library)), { recursive: true });
      await copyFile(await realpath(library), join(root, library));
    }
  }
}

async function librariesOf(program) {
  const { stdout } = await run("ldd", [program]);
  return [...stdout.matchAll(/(\/\S+) \(0x/g)].map(([, file]) => file ?? "");
}

/** Copies a folder of TypeScript without its types. */
export async function compile(from, to) {
  for (const file of (await readdir(from, { recursive: true })).filter((name) => name.endsWith(".ts"))) {
    const { code } = await transform(await readFile(join(from, file), "utf8"), OPTIONS);
    const target = join(to, file.replace(/\.ts$/, ".js"));
    await mkdir(dirname(target), { recursive: true });
    await writeFile(target, code.replaceAll(/(from "\.[^"]*)\.ts"/g, '$1.js"'));
  }
}

/** Undefined if it is not in PATH. */
async function which(program) {
  return run("sh", ["-c", 'command -v "$0"', program]).then(
    ({ stdout }) => stdout.trim(),
    () => undefined,
  );
}

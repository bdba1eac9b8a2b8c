import { execFile } from "node:child_process";
import { existsSync } from "node:fs";
import { chmod, copyFile, cp, mkdir, mkdtemp, readdir, readFile, realpath, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { transform } from "@swc/core";

const run = promisify(execFile);
const here = (path: string): string => fileURLToPath(new URL(path, import.meta.url));
const PACKAGES = here("../../../");
/** Got by `node scripts/vm-kernel.mjs`, unless another is named. */
export const KERNEL: string = process.env["COX_VM_KERNEL"] ?? here("../../../../.vm/vmlinuz");
const OPTIONS = { jsc: { target: "es2023", parser: { syntax: "typescript" } }, module: { type: "es6" } } as const;
/** What is used here and in the machine, by the Debian package that has it. */
const TOOLS = { "qemu-system-x86_64": "qemu-system-x86", busybox: "busybox-static", bwrap: "bubblewrap" };

/** The packages that are missing, or another reason why there can be no test machine. */
export async function missingForVm(): Promise<readonly string[]> {
  if (process.platform !== "linux" || process.arch !== "x64") return ["Linux on x86-64"];
  const missing = await Promise.all(Object.entries(TOOLS).map(async ([tool, name]) => ((await which(tool)) ? [] : [name])));
  return [...missing.flat(), ...(existsSync(KERNEL) ? [] : ["a kernel (node scripts/vm-kernel.mjs gets one)"])];
}

/** A new directory, which the caller removes, with `initramfs`, which runs the cases, and empty disks. */
export async function buildVm(): Promise<string> {
  const directory = await mkdtemp(join(tmpdir(), "cox-cgroup-vm-"));
  const root = join(directory, "root");
  for (const folder of ["bin", "dev", "proc", "sys", "tmp", "usr/bin", "app"]) await mkdir(join(root, folder), { recursive: true });
  await copyPrograms(root);
  await copySources(join(root, "app"));
  for (const script of ["init", "run-cases"]) await copyFile(here(script), join(root, script));
  await chmod(join(root, "init"), 0o755);
  // Not compressed: unpacking is slow on an emulated processor.
  await run("sh", ["-c", "find . | busybox cpio -o -H newc > ../initramfs"], { cwd: root });
  await run("truncate", ["-s", "64M", join(directory, "disk-0"), join(directory, "disk-1")]);
  return directory;
}

async function copyPrograms(root: string): Promise<void> {
  const busybox = (await which("busybox")) ?? "";
  await copyFile(busybox, join(root, "bin/busybox"));
  const { stdout } = await run(busybox, ["--list"]);
  const applets = stdout.trim().split("\n").filter((applet) => applet !== "busybox");
  await Promise.all(applets.map((applet) => symlink("busybox", join(root, "bin", applet))));
  for (const [name, program] of [["node", process.execPath], ["bwrap", (await which("bwrap")) ?? ""]] as const) {
    await copyFile(program, join(root, "usr/bin", name));
    for (const library of await librariesOf(program)) {
      await mkdir(dirname(join(root, library)), { recursive: true });
      await copyFile(await realpath(library), join(root, library));
    }
  }
}

async function librariesOf(program: string): Promise<readonly string[]> {
  const { stdout } = await run("ldd", [program]);
  return [...stdout.matchAll(/(\/\S+) \(0x/g)].map(([, file]) => file ?? "");
}

/** The sources without their types, each where it is in the repository: what is tested is what is written, compiled or not. */
async function copySources(app: string): Promise<void> {
  await mkdir(join(app, "node_modules/@coxswain"), { recursive: true });
  for (const room of ["executor", "executor-process"]) {
    const target = join(app, "packages", room);
    for (const folder of ["src", "test"]) await compile(join(PACKAGES, room, folder), join(target, folder));
    const exports = { ".": "./src/index.js", "./suite": "./src/suite.js" };
    await writeFile(join(target, "package.json"), JSON.stringify({ type: "module", exports }));
    await symlink(`../../packages/${room}`, join(app, "node_modules/@coxswain", room));
  }
  await cp(join(PACKAGES, "worker/src/guard"), join(app, "packages/worker/src/guard"), { recursive: true });
}

async function compile(from: string, to: string): Promise<void> {
  for (const file of (await readdir(from, { recursive: true })).filter((name) => name.endsWith(".ts"))) {
    const { code } = await transform(await readFile(join(from, file), "utf8"), OPTIONS);
    const target = join(to, file.replace(/\.ts$/, ".js"));
    await mkdir(dirname(target), { recursive: true });
    await writeFile(target, code.replaceAll(/(from "\.[^"]*)\.ts"/g, '$1.js"'));
  }
}

/** Undefined if it is not in PATH. */
async function which(program: string): Promise<string | undefined> {
  return run("sh", ["-c", 'command -v "$0"', program]).then(
    ({ stdout }) => stdout.trim(),
    () => undefined,
  );
}

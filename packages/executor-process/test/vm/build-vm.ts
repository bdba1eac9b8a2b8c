import { execFile } from "node:child_process";
import { existsSync } from "node:fs";
import { chmod, copyFile, mkdir, mkdtemp, readdir, readFile, realpath, rename, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { transform } from "@swc/core";

const run = promisify(execFile);
const here = (path: string): string => fileURLToPath(new URL(path, import.meta.url));
const OPTIONS = { jsc: { target: "es2023", parser: { syntax: "typescript" } }, module: { type: "es6" } } as const;
/** What `emulate` and `buildVm` use, by the Debian package that has it. */
const TOOLS = { "qemu-system-x86_64": "qemu-system-x86", busybox: "busybox-static", bwrap: "bubblewrap", "dpkg-deb": "dpkg", "apt-get": "apt" };

/** The packages that are missing, or another reason why there can be no test machine. */
export async function missingForVm(): Promise<readonly string[]> {
  if (process.platform !== "linux" || process.arch !== "x64") return ["Linux on x86-64"];
  const missing = await Promise.all(Object.entries(TOOLS).map(async ([tool, name]) => ((await which(tool)) ? [] : [name])));
  return missing.flat();
}

/** A kernel, and an initramfs that runs the cases, in a new directory which the caller removes. */
export async function buildVm(): Promise<{ readonly directory: string; readonly kernel: string }> {
  const debian = await kernelPackage();
  const directory = await mkdtemp(join(tmpdir(), "cox-cgroup-vm-"));
  const root = join(directory, "root");
  for (const folder of ["bin", "dev", "proc", "sys", "tmp", "usr/bin", "app"]) await mkdir(join(root, folder), { recursive: true });
  const kernel = await kernelOf(debian);
  await copyPrograms(root);
  await copySources(root);
  await copyFile(here("init"), join(root, "init"));
  await chmod(join(root, "init"), 0o755);
  await copyFile(here("run-cases"), join(root, "run-cases"));
  await run("sh", ["-c", "find . | busybox cpio -o -H newc 2>/dev/null | gzip -1 > ../initramfs.gz", "sh"], { cwd: root });
  return { directory, kernel };
}

/** Debian's cloud kernel, unpacked; kept from one run to the next. */
async function kernelPackage(): Promise<string> {
  const { stdout } = await run("apt-cache", ["depends", "linux-image-cloud-amd64"]);
  const name = /Depends: (linux-image-\S+)/.exec(stdout)?.[1];
  if (name === undefined) throw new Error("apt does not know linux-image-cloud-amd64; run apt-get update.");
  const cache = join(tmpdir(), `cox-kernel-${name}`);
  if (existsSync(cache)) return cache;
  const fresh = await mkdtemp(join(tmpdir(), "cox-kernel-"));
  await run("apt-get", ["download", name], { cwd: fresh });
  const [deb = ""] = await readdir(fresh);
  await run("dpkg-deb", ["-x", deb, "."], { cwd: fresh });
  // Another run may have been first.
  await rename(fresh, cache).catch(() => rm(fresh, { recursive: true }));
  return cache;
}

async function kernelOf(debian: string): Promise<string> {
  const image = (await readdir(join(debian, "boot"))).find((file) => file.startsWith("vmlinuz-")) ?? "";
  return join(debian, "boot", image);
}

async function copyPrograms(root: string): Promise<void> {
  const busybox = (await which("busybox")) ?? "";
  await copyFile(busybox, join(root, "bin/busybox"));
  const { stdout } = await run(busybox, ["--list"]);
  const links = stdout.trim().split("\n").filter((applet) => applet !== "busybox");
  await run("sh", ["-c", 'cd "$0" && for name; do ln -sf busybox "$name"; done', join(root, "bin"), ...links]);
  for (const program of [process.execPath, (await which("bwrap")) ?? ""]) {
    await copyFile(program, join(root, "usr/bin", program === process.execPath ? "node" : "bwrap"));
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

/** The sources without their types: what is tested is what is written, compiled or not. */
async function copySources(root: string): Promise<void> {
  const app = join(root, "app");
  for (const room of ["executor", "executor-process"]) {
    const target = join(app, "node_modules/@coxswain", room);
    await compile(here(`../../../${room}/src`), target);
    await writeFile(join(target, "package.json"), JSON.stringify({ type: "module", exports: "./index.js" }));
  }
  await writeFile(join(app, "package.json"), JSON.stringify({ type: "module" }));
  for (const file of ["cases.mjs", "killed-node.mjs"]) await copyFile(here(file), join(app, file));
  await copyFile(here("../../../worker/src/guard/guard-main.mjs"), join(app, "guard-main.mjs"));
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

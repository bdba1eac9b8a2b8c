import { existsSync } from "node:fs";
import { cp, mkdir, readFile, realpath, symlink } from "node:fs/promises";
import { dirname, extname, join, relative } from "node:path";
import { fileURLToPath } from "node:url";
import { compile } from "../../scripts/lib/vm/build-vm.mjs";

const ROOT = fileURLToPath(new URL("../..", import.meta.url));
const APPS = ["apps/node", "apps/cli"];
/** What is there for people, compilers and other machines. */
const NEVER_READ = new Set([".ts", ".mts", ".cts", ".map", ".md", ".h", ".c", ".cc", ".cpp", ".gyp", ".gypi"]);
const FOREIGN = /^\/(deps|prebuilds\/(?!linux-x64)[^/]+)$|\.musl\.node$/;

/** The built `coxswaind` and `cox`, with the packages that they need at run time, each where it is in the repository; and the cases. */
export async function copyNode(app: string): Promise<void> {
  const seen = new Set<string>();
  for (const room of APPS) await copyPackage(join(ROOT, room), app, seen);
  await compile(fileURLToPath(new URL("machine", import.meta.url)), join(app, "machine"));
}

async function copyPackage(directory: string, app: string, seen: Set<string>): Promise<void> {
  if (seen.has(directory)) return;
  seen.add(directory);
  const ours = !relative(ROOT, directory).includes("node_modules");
  await cp(directory, join(app, relative(ROOT, directory)), { recursive: true, filter: (file) => isNeeded(file, directory, ours) });
  const { dependencies = {} } = JSON.parse(await readFile(join(directory, "package.json"), "utf8")) as { readonly dependencies?: object };
  for (const name of Object.keys(dependencies)) await copyDependency(installed(name, directory), app, seen);
}

async function copyDependency(link: string, app: string, seen: Set<string>): Promise<void> {
  const target = await realpath(link);
  await copyPackage(target, app, seen);
  const inMachine = join(app, relative(ROOT, link));
  if (target === link || existsSync(inMachine)) return;
  await mkdir(dirname(inMachine), { recursive: true });
  await symlink(relative(dirname(link), target), inMachine);
}

/** Where Node.js finds a package that another one asks for. */
function installed(name: string, from: string): string {
  for (let directory = from; ; directory = dirname(directory)) {
    const candidate = join(directory, "node_modules", name);
    if (existsSync(candidate)) return candidate;
    if (directory === dirname(directory)) throw new Error(`${name}, which ${from} needs, is not installed`);
  }
}

/** Of our own packages what is built, and what of the sources runs as it is; `node_modules` are gone through by name. */
function isNeeded(file: string, directory: string, ours: boolean): boolean {
  const path = relative(directory, file);
  if (path === "") return true;
  if (ours && !/^(package\.json|bin|dist|src)(\/|$)/.test(path)) return false;
  return !/(^|\/)node_modules(\/|$)/.test(path) && !(!ours && FOREIGN.test(`/${path}`)) && !NEVER_READ.has(extname(file));
}

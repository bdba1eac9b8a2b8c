/** The sources of this package and of raft-core as plain JavaScript, for processes that a test means to kill. */
import { mkdir, readdir, readFile, symlink, writeFile } from "node:fs/promises";
import { dirname, join, relative } from "node:path";
import { fileURLToPath } from "node:url";
import { transform } from "@swc/core";

const PACKAGES = fileURLToPath(new URL("../..", import.meta.url));

/** Compiles into `directory`; returns where the programs of this folder are then. */
export async function compileSources(directory: string): Promise<string> {
  await symlink(join(PACKAGES, "../node_modules"), join(directory, "node_modules"));
  await writeFile(join(directory, "package.json"), '{"type":"module"}');
  for (const folder of ["raft-core/src", "raft-level/src", "raft-level/test"])
    await compileFolder(directory, folder);
  return join(directory, "raft-level/test");
}

async function compileFolder(directory: string, folder: string): Promise<void> {
  const names = await readdir(join(PACKAGES, folder), { recursive: true });
  const sources = names.filter((name) => name.endsWith(".ts") && !name.endsWith(".test.ts"));
  await Promise.all(sources.map((name) => compileFile(directory, join(folder, name))));
}

async function compileFile(directory: string, file: string): Promise<void> {
  const { code } = await transform(await readFile(join(PACKAGES, file), "utf8"), {
    jsc: { target: "es2023", parser: { syntax: "typescript" } },
    module: { type: "es6" },
  });
  const core = relative(dirname(file), "raft-core/src/index.js");
  const linked = code
    .replace(/(from ")(\.[^"]*)\.ts"/g, '$1$2.js"')
    .replaceAll('from "@coxswain/raft-core"', `from "${core.startsWith(".") ? core : `./${core}`}"`);
  await mkdir(dirname(join(directory, file)), { recursive: true });
  await writeFile(join(directory, file.replace(/\.ts$/, ".js")), linked);
}

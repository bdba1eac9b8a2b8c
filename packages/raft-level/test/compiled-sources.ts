/** The sources as plain JavaScript, for a process that a test means to kill. */
import { mkdir, readdir, readFile, symlink, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { transform } from "@swc/core";

const here = dirname(fileURLToPath(import.meta.url));

/** Compiles `src` and one file of `test` into `directory`; returns the path of the compiled test file. */
export async function compileSources(directory: string, program: string): Promise<string> {
  await symlink(join(here, "../../../node_modules"), join(directory, "node_modules"));
  await writeFile(join(directory, "package.json"), '{"type":"module"}');
  for (const folder of ["src", "test"]) await mkdir(join(directory, folder));
  const sources = (await readdir(join(here, "../src"))).filter((name) => name.endsWith(".ts"));
  for (const file of [...sources.map((name) => join("src", name)), join("test", program)]) {
    const source = await readFile(join(here, "..", file), "utf8");
    const { code } = await transform(source, {
      jsc: { target: "es2023", parser: { syntax: "typescript" } },
      module: { type: "es6" },
    });
    await writeFile(join(directory, javascript(file)), code.replace(/(from ")(\.[^"]*)\.ts"/g, '$1$2.js"'));
  }
  return join(directory, "test", javascript(program));
}

function javascript(file: string): string {
  return file.replace(/\.ts$/, ".js");
}

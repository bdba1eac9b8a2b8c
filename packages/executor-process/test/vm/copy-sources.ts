import { cp, mkdir, symlink, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { compile } from "../../../../scripts/lib/vm/build-vm.mjs";

const PACKAGES = fileURLToPath(new URL("../../../", import.meta.url));

/** The sources without their types, each where it is in the repository: what is tested is what is written, compiled or not. */
export async function copySources(app: string): Promise<void> {
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

/**
 * What a stranger gets: the tarballs that `npm pack` makes of the Raft packages, in a folder of their own, beside nothing but the
 * dependencies that they declare. There the examples of their READMEs must compile, and the first of each must run on plain Node.
 *
 * No registry is asked; `node scripts/check-install.mjs` does the same by a real `npm install`.
 */
import { execFile } from "node:child_process";
import { existsSync } from "node:fs";
import { mkdir, mkdtemp, readdir, readFile, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { afterAll, beforeAll, expect, test } from "@jest/globals";
import { transformSync } from "@swc/core";

const ROOT = fileURLToPath(new URL("..", import.meta.url));
const ROOMS = ["raft-core", "rpc", "raft-level", "raft-grpc", "raft-sim"];
const MINUTE = 60_000;
const run = promisify(execFile);

let stranger: string;

/** Packs a room and unpacks it where a package manager would. */
async function install(room: string): Promise<void> {
  const { stdout } = await run(
    "npm",
    ["pack", "--json", "--ignore-scripts", "--loglevel=error", "--pack-destination", stranger],
    { cwd: join(ROOT, "packages", room) },
  );
  const [{ filename }] = JSON.parse(stdout) as [{ filename: string }];
  const place = join(stranger, "node_modules", "@coxswain", room);
  await mkdir(place, { recursive: true });
  await run("tar", ["-xzf", join(stranger, filename), "-C", place, "--strip-components=1"]);
}

/** Gives the strangers' folder one declared dependency, as installed here. */
async function provide(name: string, from: string): Promise<void> {
  const place = join(stranger, "node_modules", name);
  if (name.startsWith("@coxswain/") || existsSync(place)) return;
  const own = join(from, "node_modules", name);
  await mkdir(dirname(place), { recursive: true });
  await symlink(existsSync(own) ? own : join(ROOT, "node_modules", name), place);
}

/** The programs of a room's README, in order. */
async function examplesOf(room: string): Promise<string[]> {
  const readme = await readFile(join(stranger, "node_modules/@coxswain", room, "README.md"), "utf8");
  return [...readme.matchAll(/```ts\n(\/\/ example: [\s\S]*?)```/g)].map(([, code = ""]) => code);
}

beforeAll(async () => {
  stranger = await mkdtemp(join(tmpdir(), "stranger-"));
  await writeFile(join(stranger, "package.json"), JSON.stringify({ name: "stranger", type: "module" }));
  for (const room of ROOMS) {
    await install(room);
    const place = join(stranger, "node_modules/@coxswain", room);
    const { dependencies = {} } = JSON.parse(await readFile(join(place, "package.json"), "utf8")) as {
      dependencies?: Record<string, string>;
    };
    for (const name of Object.keys(dependencies)) await provide(name, join(ROOT, "packages", room));
  }
}, MINUTE);

afterAll(() => rm(stranger, { recursive: true, force: true }));

test.each(ROOMS)("%s holds what it needs, and nothing that only we need", async (room) => {
  const place = join(stranger, "node_modules/@coxswain", room);
  const files = await readdir(place, { recursive: true });
  expect(files).toEqual(
    expect.arrayContaining([
      "README.md",
      "CHANGELOG.md",
      join("dist", "index.js"),
      join("dist", "index.d.ts"),
    ]),
  );
  expect(files.filter((file) => /(^|\/)(test|node_modules)\/|\.tsbuildinfo$/.test(file))).toEqual([]);
});

test.each(ROOMS)(
  "the first example of %s runs",
  async (room) => {
    const [first = "throw new Error('no example')"] = await examplesOf(room);
    const { code } = transformSync(first, {
      jsc: { target: "es2023", parser: { syntax: "typescript" } },
      module: { type: "es6" },
    });
    const file = join(stranger, `${room}.mjs`);
    await writeFile(file, code);
    const { stdout } = await run(process.execPath, [file], { cwd: stranger, timeout: MINUTE });
    expect(stdout).not.toBe("");
  },
  MINUTE,
);

test(
  "all examples compile under strict",
  async () => {
    await provide("@types/node", ROOT);
    for (const room of ROOMS)
      for (const [n, code] of (await examplesOf(room)).entries())
        await writeFile(join(stranger, `${room}-${n}.mts`), code);
    const programs = (await readdir(stranger)).filter((name) => name.endsWith(".mts"));
    const options = [
      "--noEmit",
      "--strict",
      "--module",
      "nodenext",
      "--target",
      "es2023",
      "--lib",
      "es2023,esnext.disposable",
    ];
    const checked = run(
      process.execPath,
      [join(ROOT, "node_modules/typescript/bin/tsc"), ...options, "--types", "node", ...programs],
      {
        cwd: stranger,
      },
    );
    const found = await checked.catch((error: { stdout: string }) => error);
    expect(found.stdout).toBe("");
  },
  2 * MINUTE,
);

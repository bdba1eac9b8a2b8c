/**
 * Every block of a package README that begins with `// example: <name>` is a program: it must run, on the built packages, and exit with 0.
 */
import { execFile } from "node:child_process";
import { mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { afterAll, beforeAll, describe, expect, test } from "@jest/globals";
import { transformSync } from "@swc/core";

const ROOT = fileURLToPath(new URL("..", import.meta.url));
// Below the root, so that the workspace's packages resolve as they would for a user.
const DIRECTORY = join(ROOT, ".examples");

interface Example {
  readonly title: string;
  readonly file: string;
  readonly code: string;
}

function examplesOf(readme: string, room: string): Example[] {
  const blocks = readme.matchAll(/```ts\n\/\/ example: (\S.*)\n([\s\S]*?)```/g);
  return [...blocks].map(([, name = "", code = ""]) => ({
    title: `${room}: ${name}`,
    file: join(DIRECTORY, `${room.replaceAll("/", "-")}-${name.replaceAll(/\W+/g, "-")}.mjs`),
    code,
  }));
}

const rooms = ["packages", "apps"].flatMap((parent) => readdirSync(join(ROOT, parent)).map((name) => `${parent}/${name}`));
const readmes = new Map(rooms.map((room) => [room, readFileSync(join(ROOT, room, "README.md"), "utf8")]));

beforeAll(() => {
  mkdirSync(DIRECTORY, { recursive: true });
});
afterAll(() => rmSync(DIRECTORY, { recursive: true, force: true }));

describe("examples in READMEs", () => {
  test.each([...readmes.keys()].filter((room) => room.startsWith("packages/") && room !== "packages/protocol"))(
    "%s has one",
    (room) => {
      expect(examplesOf(readmes.get(room) ?? "", room)).not.toEqual([]);
    },
  );

  test.each([...readmes].flatMap(([room, readme]) => examplesOf(readme, room)))("$title", async ({ file, code }) => {
    const { code: program } = transformSync(code, {
      jsc: { target: "es2023", parser: { syntax: "typescript" } },
      module: { type: "es6" },
    });
    writeFileSync(file, program);
    const { stderr } = await promisify(execFile)(process.execPath, [file], { timeout: 60_000 });
    expect(stderr).not.toMatch(/error/i);
  }, 90_000);
});

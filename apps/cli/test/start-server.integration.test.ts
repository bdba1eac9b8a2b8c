import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "@jest/globals";
import { runNode } from "../src/start-server.ts";

let directory: string;

beforeAll(() => {
  directory = mkdtempSync(join(tmpdir(), "cox-server-"));
});

afterAll(() => {
  rmSync(directory, { recursive: true });
});

function program(name: string, code: string): string {
  const path = join(directory, `${name}.cjs`);
  writeFileSync(path, code);
  return path;
}

test("a node's exit code is kept", async () => {
  expect(await runNode(program("exit", "process.exit(Number(process.argv[2]))"), ["7"])).toBe(7);
  expect(await runNode(program("zero", ""), [])).toBe(0);
});

test("a node ended by a signal gives 128 and its number", async () => {
  expect(await runNode(program("killed", "process.kill(process.pid, 'SIGKILL')"), [])).toBe(137);
});

test.each(["SIGINT", "SIGTERM"] as const)(
  "%s reaches the node once, and the command ends with it",
  async (signal) => {
    const node = program(
      "signals",
      `
    let seen = 0;
    for (const signal of ["SIGINT", "SIGTERM"]) process.on(signal, () => { seen += 1; setTimeout(() => process.exit(10 + seen), 100); });
    setInterval(() => {}, 1000);
    console.log("up");
  `,
    );
    const cox = program(
      "cox",
      `
    import(process.argv[2]).then(async ({ runNode }) => { process.exitCode = await runNode(process.argv[3], []); });
  `,
    );
    const built = new URL("../dist/start-server.js", import.meta.url).href;
    const child = spawn(process.execPath, [cox, built, node], { stdio: ["ignore", "pipe", "inherit"] });
    await once(child.stdout, "data");
    child.kill(signal);
    const [code] = (await once(child, "exit")) as [number];
    expect(code).toBe(11);
  },
);

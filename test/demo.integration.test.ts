/**
 * `npm start`: with `--exit` it proves itself; without, Ctrl-C ends it and nothing is left.
 */
import { spawn } from "node:child_process";
import type { ChildProcess } from "node:child_process";
import { mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterEach, beforeEach, expect, test } from "@jest/globals";

const START = fileURLToPath(new URL("../scripts/start.mjs", import.meta.url));

let temporary: string;

beforeEach(() => {
  temporary = mkdtempSync(join(tmpdir(), "demo-test-"));
});
afterEach(() => rmSync(temporary, { recursive: true, force: true }));

interface Demo {
  readonly child: ChildProcess;
  readonly exited: Promise<{ code: number | null; output: string }>;
  /** Resolves when the text has been printed. */
  printed(text: string): Promise<void>;
}

function start(...args: string[]): Demo {
  const child = spawn(process.execPath, [START, ...args], { env: { ...process.env, TMPDIR: temporary, NODE_OPTIONS: "" } });
  let output = "";
  const waiting: (() => void)[] = [];
  const take = (chunk: Buffer): void => {
    output += chunk.toString("utf8");
    for (const look of waiting) look();
  };
  child.stdout.on("data", take);
  child.stderr.on("data", take);
  const exited = new Promise<{ code: number | null; output: string }>((resolve) =>
    child.once("close", (code) => resolve({ code, output })),
  );
  const printed = async (text: string): Promise<void> => {
    const seen = new Promise<void>((resolve) => {
      const look = (): void => {
        if (output.includes(text)) resolve();
      };
      waiting.push(look);
      look();
    });
    const early = exited.then(() => {
      throw new Error(`ended before "${text}":\n${output}`);
    });
    await Promise.race([seen, early]);
  };
  return { child, exited, printed };
}

test("npm start -- --exit kills the leader on the way and exits 0 because every promise held", async () => {
  const { code, output } = await start("--exit").exited;
  expect(output).toMatch(/node 3 .*runs process, (docker, )?webhook, 64 at a time/);
  // An engine, or the reason why there is none; limits, or what is missing for them.
  expect(output).toMatch(/runs process, docker, webhook|docker is missing on nodes 1, 2, 3: the Docker engine at /);
  if (output.includes("process is limited")) expect(output).toMatch(/This demo runs processes all the same/);
  expect(output).toMatch(/Killing the leader, node \d, with SIGKILL/);
  expect(output).toMatch(/Every promise held:/);
  expect(output).toMatch(/three nodes tell the same history/);
  expect(code).toBe(0);
  expect(readdirSync(temporary)).toEqual([]);
}, 120_000);

test("npm start shows jobs as they run, prints lines to paste, and Ctrl-C leaves nothing behind", async () => {
  const demo = start();
  await demo.printed("Ctrl-C ends it.");
  await demo.printed("every five seconds");
  demo.child.kill("SIGINT");
  const { code, output } = await demo.exited;
  expect(output).toMatch(/export COX_SERVER=127\.0\.0\.1:\d+,/);
  expect(output).toMatch(/webhook +COMPLETED/);
  expect(code).toBe(0);
  expect(readdirSync(temporary)).toEqual([]);
}, 120_000);

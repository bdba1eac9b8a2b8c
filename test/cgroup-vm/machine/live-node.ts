import { strict as assert } from "node:assert";
import { execFile, spawn } from "node:child_process";
import { readdirSync, readFileSync } from "node:fs";
import { setTimeout as delay } from "node:timers/promises";

const CGROUPS = "/sys/fs/cgroup/coxswain";
const ADDRESS = "127.0.0.1:50051";
const TRIES = 9_000;

/** What a command line came to. */
export interface Outcome {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** Starts a node as anybody would, with what it says on the machine's console. It ends with the machine; sooner, nothing more is run. */
export function startNode(): void {
  const argv = ["/app/apps/node/bin/coxswaind.js", "--listen", ADDRESS, "--data-dir", "/data"];
  spawn("node", argv, { stdio: ["ignore", 2, 2] }).on("exit", () => process.exit());
}

export function cox(...args: string[]): Promise<Outcome> {
  return new Promise((resolve) => {
    execFile("node", ["/app/apps/cli/bin/cox.js", ...args], { env: { ...process.env, COX_SERVER: ADDRESS } }, (error, stdout, stderr) =>
      resolve({ code: error === null ? 0 : Number(error.code), stdout, stderr }),
    );
  });
}

/** What a command that has to succeed answers. */
export async function coxJson(...args: string[]): Promise<Readonly<Record<string, unknown>>> {
  const { code, stdout, stderr } = await cox(...args, "-o", "json");
  assert.equal(code, 0, `cox ${args.join(" ")}: ${stderr}`);
  return JSON.parse(stdout) as Readonly<Record<string, unknown>>;
}

/** The names of the attempts' cgroups. */
export const cgroups = (): readonly string[] => readdirSync(CGROUPS).filter((name) => name.startsWith("cox-"));

/** A control file of the only attempt's cgroup. */
export function control(file: string): string {
  const [name, ...others] = cgroups();
  assert(name !== undefined && others.length === 0, `there is one cgroup: ${[name, ...others].join(", ")}`);
  return readFileSync(`${CGROUPS}/${name}/${file}`, "latin1").trim();
}

/** Resolves with the first answer other than undefined. */
export async function until<T>(what: string, ask: () => T | undefined | Promise<T | undefined>): Promise<T> {
  for (let i = 0; i < TRIES; i += 1) {
    const answer = await ask();
    if (answer !== undefined) return answer;
    await delay(10);
  }
  throw new Error(`never: ${what}`);
}

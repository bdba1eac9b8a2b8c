import { spawn } from "node:child_process";
import type { ChildProcessByStdio } from "node:child_process";
import { createInterface } from "node:readline";
import type { Readable, Writable } from "node:stream";
import { fileURLToPath } from "node:url";
import type { GuardTarget } from "@coxswain/executor";

/** Lines to the guard. */
export type GuardOrder =
  | { readonly op: "renew"; readonly endUptimeMs: number }
  | ({ readonly op: "protect" | "keep"; readonly id: number } & GuardTarget)
  | { readonly op: "release" | "ask"; readonly id: number }
  | { readonly op: "end"; readonly ids?: readonly number[] }
  | { readonly op: "forget"; readonly record: string }
  | { readonly op: "quit" };

/** Lines from the guard. */
export type GuardReport =
  | { readonly up: true; readonly record?: string }
  | { readonly renewed: number }
  | { readonly ack: number }
  | { readonly refused: number; readonly because?: string }
  | { readonly asked: number; readonly guarded: boolean }
  | { readonly ended: readonly number[]; readonly reason: "lease" | "told"; readonly left: readonly number[] };

export interface GuardChildEvents {
  report(report: GuardReport): void;
  /** What it complained about. */
  complaint(line: string): void;
  /** Comes once, also when it could not be started. */
  exit(): void;
}

/** The same place seen from `src/guard` and from `dist/guard`; the package ships its sources. */
const ENTRY = new URL("../../src/guard/guard-main.mjs", import.meta.url);

/** One run of the guard's process: in its own session, so that no signal to the node's group reaches it. */
export class GuardChild {
  readonly #child: ChildProcessByStdio<Writable, Readable, Readable>;

  /** @param directory of its record; undefined: it keeps none */
  constructor(events: GuardChildEvents, directory: string | undefined) {
    const { NODE_OPTIONS: _, ...env } = process.env;
    this.#child = spawn(process.execPath, [fileURLToPath(ENTRY), ...(directory === undefined ? [] : [directory])], {
      cwd: "/",
      detached: true,
      env,
      stdio: ["pipe", "pipe", "pipe"],
    });
    let gone = false;
    const exit = (): void => {
      if (!gone) events.exit();
      gone = true;
    };
    this.#child.on("error", exit);
    this.#child.on("close", exit);
    // A write to a dead guard; its exit tells.
    this.#child.stdin.on("error", () => {});
    createInterface({ input: this.#child.stdout }).on("line", (line) => events.report(JSON.parse(line) as GuardReport));
    createInterface({ input: this.#child.stderr }).on("line", (line) => events.complaint(line));
  }

  get pid(): number | undefined {
    return this.#child.pid;
  }

  tell(order: GuardOrder): void {
    if (this.#child.stdin.writable) this.#child.stdin.write(`${JSON.stringify(order)}\n`);
  }

  kill(): void {
    this.#child.kill("SIGKILL");
  }

  /** It ends what it still guards, containers too, then exits. */
  quit(): void {
    this.tell({ op: "quit" });
    this.#child.stdin.end();
  }
}

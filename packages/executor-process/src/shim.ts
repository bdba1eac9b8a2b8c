import { spawn } from "node:child_process";
import type { ChildProcess } from "node:child_process";
import { once } from "node:events";
import type { Writable } from "node:stream";
import { StartFailedError } from "@coxswain/executor";
import type { Identity } from "./sandbox/sandbox.ts";

/** What the shim becomes. */
export interface Payload {
  /** What `exec` gets. */
  readonly argv: readonly string[];
  readonly env: Readonly<Record<string, string>>;
  readonly cwd: string;
  readonly identity: Identity;
}

/**
 * Waits for one line on descriptor 3, then becomes the payload; without it (the node died, or
 * thought better of it) the payload never runs. What the shell put into the environment goes,
 * unless the task named it.
 */
const scriptOf = (env: Payload["env"]): string => {
  const own = ["PWD", "OLDPWD", "SHLVL"].filter((name) => !Object.hasOwn(env, name));
  const unset = own.length > 0 ? `unset ${own.join(" ")}; ` : "";
  return `read -r go <&3 || exit 125; exec 3<&-; ${unset}exec "$@"`;
};

const SHORTAGES = new Set(["EAGAIN", "ENOMEM", "EMFILE", "ENFILE"]);

/** How the leader of the group ended. */
export interface Exit {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
}

/** A payload that waits to be let go, as the leader of its own session and group. */
export class Shim {
  /** Also the number of the group. */
  readonly pid: number;
  readonly exit: Promise<Exit>;
  readonly #gate: Writable;

  private constructor(child: ChildProcess, pid: number, gate: Writable) {
    this.pid = pid;
    this.#gate = gate;
    this.exit = once(child, "exit").then(([code, signal]) => ({ code, signal }) as Exit);
    // It may die before it reads; its exit tells.
    gate.on("error", () => {});
  }

  /**
   * @throws {StartFailedError} when the system refuses, for instance because an argument is too
   *   long; what it lacks only at the moment comes as it is
   */
  static async spawn({ argv, env, cwd, identity }: Payload, outFd: number, errFd: number): Promise<Shim> {
    try {
      const child = spawn("/bin/sh", ["-c", scriptOf(env), "sh", ...argv], {
        cwd,
        env,
        detached: true,
        stdio: ["ignore", outFd, errFd, "pipe"],
        ...identity,
      });
      await once(child, "spawn");
      return new Shim(child, child.pid as number, child.stdio[3] as Writable);
    } catch (error) {
      const { code = "", message } = error as NodeJS.ErrnoException;
      // The machine is full at the moment; another attempt may find room.
      if (SHORTAGES.has(code)) throw error;
      throw new StartFailedError(`The process could not be started: ${message}.`, { cause: error });
    }
  }

  /** Lets the payload run. */
  go(): void {
    this.#gate.end("go\n");
  }

  /** The payload will not run; the shim exits with 125. Harmless after `go`. */
  cancel(): void {
    this.#gate.destroy();
  }
}

import { spawn } from "node:child_process";
import type { ChildProcess } from "node:child_process";
import { once } from "node:events";
import type { Writable } from "node:stream";
import { isShortage, StartFailedError } from "@coxswain/executor";
import type { Payload } from "./payload.ts";

/**
 * Waits for one line on descriptor 3, then becomes the payload; without it (the node died, or
 * thought better of it) the payload never runs. Limits that are the process's own are set here.
 */
const scriptOf = ({ openFiles, exports, readInside }: Payload): string => `read -r go <&3 || exit 125
ulimit -c 0 && ulimit -n ${openFiles} || exit 125
${readInside ? "" : `exec 3<&-\n${exports}`}exec "$@"`;

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
  readonly #key: string;

  private constructor(child: ChildProcess, pid: number, gate: Writable, key: string) {
    this.pid = pid;
    this.#key = key;
    this.#gate = gate;
    this.exit = once(child, "exit").then(([code, signal]) => ({ code, signal }) as Exit);
    // It may die before it reads; its exit tells.
    gate.on("error", () => {});
  }

  /**
   * @throws {StartFailedError} when the system refuses, for instance because an argument is too
   *   long; what it lacks only at the moment comes as it is
   */
  static async spawn(payload: Payload, outFd: number, errFd: number): Promise<Shim> {
    const { argv, env, cwd, identity, exports, readInside } = payload;
    try {
      const child = spawn("/bin/sh", ["-c", scriptOf(payload), "sh", ...argv], {
        cwd,
        env,
        detached: true,
        stdio: ["ignore", outFd, errFd, "pipe"],
        ...identity,
      });
      await once(child, "spawn");
      return new Shim(child, child.pid as number, child.stdio[3] as Writable, readInside ? `go\n${exports}` : "go\n");
    } catch (error) {
      // The machine is full at the moment; another attempt may find room.
      if (isShortage(error)) throw error;
      throw new StartFailedError(`The process could not be started: ${(error as Error).message}.`, { cause: error });
    }
  }

  /** Lets the payload run. */
  go(): void {
    this.#gate.end(this.#key);
  }

  /** The payload will not run; the shim exits with 125. Harmless after `go`. */
  cancel(): void {
    this.#gate.destroy();
  }
}

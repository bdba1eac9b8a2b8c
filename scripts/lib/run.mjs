/**
 * Runs commands for the scripts: output passed through, a non-zero exit thrown.
 */
import { spawn } from "node:child_process";
import { fileURLToPath } from "node:url";

/** The root of the repository. */
export const ROOT = fileURLToPath(new URL("../..", import.meta.url));

/** Nothing here reports to anybody. */
export const QUIET_ENV = { TURBO_TELEMETRY_DISABLED: "1", DO_NOT_TRACK: "1", NO_UPDATE_NOTIFIER: "1" };

/** A command that ended badly. */
export class CommandFailed extends Error {
  constructor(command, code, output) {
    super(`${command} ended with ${code}`);
    this.output = output;
  }
}

/**
 * Runs one command. With `capture` its output comes back (and into the error) instead of to the terminal.
 *
 * @param {string} command
 * @param {readonly string[]} args
 * @param {{capture?: boolean, env?: Record<string, string>, cwd?: string}} [options]
 * @returns {Promise<string>}
 */
export function run(command, args, { capture = false, env = {}, cwd = ROOT } = {}) {
  return new Promise((resolve, reject) => {
    const child = spawn(command, args, {
      cwd,
      env: { ...process.env, ...QUIET_ENV, ...env },
      stdio: capture ? ["ignore", "pipe", "pipe"] : ["ignore", "inherit", "inherit"],
    });
    let output = "";
    child.stdout?.on("data", (chunk) => (output += chunk));
    child.stderr?.on("data", (chunk) => (output += chunk));
    child.on("error", reject);
    child.on("close", (code, signal) =>
      code === 0 ? resolve(output) : reject(new CommandFailed([command, ...args].join(" "), signal ?? code, output)),
    );
  });
}

/** A file in node_modules/.bin. */
export const bin = (name) => `${ROOT}node_modules/.bin/${name}`;

import { StartFailedError } from "@coxswain/executor";
import { checkDirectory, findProgram } from "./command.ts";
import type { Command } from "./command.ts";
import type { Limits } from "./limits.ts";
import type { Identity, Sandbox } from "./sandbox/sandbox.ts";
import { isSeen, PRIVATE_TMP } from "./sandbox/view.ts";

/** What the shim becomes. */
export interface Payload {
  /** What `exec` gets. */
  readonly argv: readonly string[];
  /** Of the shim, and of what stands around the program. */
  readonly env: Readonly<Record<string, string>>;
  /** Lines for a shell that make the program's environment of `env`. */
  readonly exports: string;
  /** Whether a shell further in reads `exports`; otherwise the shim does. */
  readonly readInside: boolean;
  readonly cwd: string;
  readonly identity: Identity;
  readonly openFiles: number;
}

/**
 * The last shell before the program: does what comes through the gate, whose last line gives way
 * to the program. Without that line (the node died) the program never runs.
 */
const INNER_SHELL = ["/bin/sh", "-c", 'while IFS= read -r line <&3; do lines="$lines$line\n"; done\neval "$lines"\nexit 125', "sh"];
const GIVE_WAY = 'exec 3<&-; exec "$@"\n';

/**
 * What the shim is to become: the command itself, or a sandbox around it. Program and
 * directory are looked for here, before anything is started.
 *
 * @param makeWork makes the private directory of an attempt without a sandbox
 * @throws {StartFailedError}
 */
export async function payloadOf(
  command: Command,
  limits: Limits,
  sandbox: Sandbox | undefined,
  makeWork: () => Promise<string>,
): Promise<Payload> {
  return sandbox ? inside(command, limits, sandbox) : bare(command, limits, command.workingDirectory ?? (await makeWork()));
}

async function bare(command: Command, { openFiles }: Limits, cwd: string): Promise<Payload> {
  await checkDirectory(cwd);
  const program = await findProgram(command, cwd);
  const exports = cleared(command.env);
  return { argv: [program, ...command.argv.slice(1)], env: command.env, exports, readInside: false, cwd, identity: {}, openFiles };
}

/**
 * The tools of the sandbox are started outside of it, so the task's environment is not for
 * them: a variable such as LD_DEBUG_OUTPUT would make them write to the machine's files.
 */
async function inside(command: Command, { tmpfsBytes, openFiles }: Limits, sandbox: Sandbox): Promise<Payload> {
  const { readOnlyPaths, identity } = sandbox;
  const directory = command.workingDirectory ?? PRIVATE_TMP;
  if (directory !== PRIVATE_TMP && !isSeen(readOnlyPaths, directory)) {
    throw new StartFailedError(`The working directory ${directory} is not in the sandbox; let the node show it to tasks.`);
  }
  await checkDirectory(directory);
  const program = await findProgram(command, directory, (file) => isSeen(readOnlyPaths, file));
  const argv = sandbox.argv(directory, tmpfsBytes, [...INNER_SHELL, program, ...command.argv.slice(1)]);
  const exports = `unset line lines\n${cleared(command.env)}${exported(command.env)}${GIVE_WAY}`;
  return { argv, env: command.ownEnv, exports, readInside: true, cwd: "/", identity, openFiles };
}

/** What shells put into the environment goes, unless the task named it. */
function cleared(env: Command["env"]): string {
  const own = ["PWD", "OLDPWD", "SHLVL"].filter((name) => !Object.hasOwn(env, name));
  return own.length > 0 ? `unset ${own.join(" ")}\n` : "";
}

function exported(env: Command["env"]): string {
  return Object.entries(env).map(([name, value]) => `export ${name}='${value.replaceAll("'", "'\\''")}'\n`).join("");
}

import { StartFailedError } from "@coxswain/executor";
import { checkDirectory, findProgram } from "./command.ts";
import type { Command } from "./command.ts";
import { isSeen, PRIVATE_TMP } from "./sandbox/bwrap-argv.ts";
import type { Sandbox } from "./sandbox/sandbox.ts";
import type { Payload } from "./shim.ts";

/**
 * What the shim is to become: the command itself, or bubblewrap around it. Program and
 * directory are looked for here, before anything is started.
 *
 * @param makeWork makes the private directory of an attempt without a sandbox
 * @throws {StartFailedError}
 */
export async function payloadOf(command: Command, sandbox: Sandbox | undefined, makeWork: () => Promise<string>): Promise<Payload> {
  return sandbox ? inside(command, sandbox) : bare(command, command.workingDirectory ?? (await makeWork()));
}

async function bare(command: Command, cwd: string): Promise<Payload> {
  await checkDirectory(cwd);
  const program = await findProgram(command, cwd);
  return { argv: [program, ...command.argv.slice(1)], env: command.env, cwd, identity: {} };
}

async function inside(command: Command, sandbox: Sandbox): Promise<Payload> {
  const { view, identity } = sandbox;
  const directory = command.workingDirectory ?? PRIVATE_TMP;
  if (directory !== PRIVATE_TMP && !isSeen(view, directory)) {
    throw new StartFailedError(`The working directory ${directory} is not in the sandbox; let the node show it to tasks.`);
  }
  await checkDirectory(directory);
  const program = await findProgram(command, directory, (file) => isSeen(view, file));
  const argv = sandbox.argv(directory, [program, ...command.argv.slice(1)]);
  return { argv, env: command.env, cwd: "/", identity };
}

import { access, constants, stat } from "node:fs/promises";
import { isAbsolute, join, resolve } from "node:path";
import { InvalidTaskError, StartFailedError } from "@coxswain/executor";
import type { AttemptContext, ProcessTask } from "@coxswain/executor";

/** A process task, checked and complete. */
export interface Command {
  readonly argv: readonly [string, ...string[]];
  /** The whole environment. */
  readonly env: Readonly<Record<string, string>>;
  /** The part of it that the task has no say in. */
  readonly ownEnv: Readonly<Record<string, string>>;
  /** Undefined: a private directory. */
  readonly workingDirectory: string | undefined;
}

const NAME = /^[A-Za-z_][A-Za-z0-9_]*$/;

/**
 * @param marker value of `COX_RUN`, by which descendants that left the group are found
 * @throws {InvalidTaskError}
 */
export function commandOf(task: ProcessTask, context: AttemptContext, path: string, marker: string): Command {
  const given = task.env ?? {};
  const own = ownVariables(context, marker);
  for (const [name, value] of Object.entries(given)) checkVariable(name, value, own);
  return {
    argv: argvOf(task),
    env: { PATH: path, ...given, ...own },
    ownEnv: { PATH: path, ...own },
    workingDirectory: workingDirectoryOf(task),
  };
}

/** What every task is told. */
function ownVariables(context: AttemptContext, marker: string): Record<string, string> {
  return {
    COX_JOB_ID: context.jobId,
    COX_EXECUTION_ID: context.ref.executionId,
    COX_ATTEMPT: String(context.ref.attempt),
    COX_DUE: new Date(context.dueMs).toISOString(),
    COX_RUN: marker,
  };
}

function checkVariable(name: string, value: string, own: Record<string, string>): void {
  if (!NAME.test(name)) {
    throw new InvalidTaskError(`env: ${JSON.stringify(name)} is no variable name; use letters, digits and "_".`);
  }
  if (Object.hasOwn(own, name)) throw new InvalidTaskError(`env: ${name} is set by the executor; use another name.`);
  checkText(`env.${name}`, value);
}

function argvOf(task: ProcessTask): readonly [string, ...string[]] {
  const shell = task.shell ?? "";
  const [program, ...rest] = task.argv ?? [];
  if (shell !== "" && program !== undefined) throw new InvalidTaskError("Set either shell or argv, not both.");
  if (shell !== "") {
    checkText("shell", shell);
    return ["/bin/sh", "-c", shell];
  }
  if (program === undefined || program === "") throw new InvalidTaskError("Set shell, or argv with a program.");
  [program, ...rest].forEach((argument, i) => checkText(`argv[${i}]`, argument));
  return [program, ...rest];
}

function workingDirectoryOf(task: ProcessTask): string | undefined {
  if (task.workingDirectory === undefined || task.workingDirectory === "") return undefined;
  checkText("workingDirectory", task.workingDirectory);
  if (!isAbsolute(task.workingDirectory)) throw new InvalidTaskError("workingDirectory must be an absolute path.");
  return task.workingDirectory;
}

function checkText(name: string, text: string): void {
  if (text.includes("\0")) throw new InvalidTaskError(`${name} must not contain NUL.`);
}

/**
 * Finds the program before anything is created, so that a missing one is told apart from a
 * program that exits with 127.
 *
 * @param isSeen whether the task will see a file of this machine
 * @returns what to give to `exec`
 * @throws {StartFailedError}
 */
export async function findProgram(
  command: Command,
  directory: string,
  isSeen: (file: string) => boolean = () => true,
): Promise<string> {
  const [name] = command.argv;
  if (name.includes("/")) {
    const file = resolve(directory, name);
    if (!isSeen(file)) throw new StartFailedError(`${name} is not in the sandbox; let the node show it to tasks.`);
    if (await isProgram(file)) return name;
    throw new StartFailedError(`${name} is missing or not executable; install it on this node.`);
  }
  const files = (command.env["PATH"] ?? "").split(":").map((folder) => join(folder === "" ? directory : folder, name));
  const found = await Promise.all(files.map((file) => isSeen(resolve(file)) && isProgram(file)));
  const file = files.find((_, i) => found[i]);
  // The shell's exec would take a leading dash for an option.
  if (file !== undefined) return name.startsWith("-") ? file : name;
  throw new StartFailedError(`${name} is not in PATH (${command.env["PATH"]}); install it or name its path.`);
}

async function isProgram(file: string): Promise<boolean> {
  try {
    await access(file, constants.X_OK);
    return (await stat(file)).isFile();
  } catch {
    return false;
  }
}

/** @throws {StartFailedError} */
export async function checkDirectory(directory: string): Promise<void> {
  const isDirectory = await stat(directory).then(
    (found) => found.isDirectory(),
    () => false,
  );
  if (!isDirectory) throw new StartFailedError(`The working directory ${directory} is missing; create it on this node.`);
}

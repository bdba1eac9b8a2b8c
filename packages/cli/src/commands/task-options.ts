import { type Command, InvalidArgumentError, Option } from "commander";
import type { LimitsSpec, TaskSpec } from "@coxswain/client";
import { UsageError } from "../errors.ts";
import { size } from "../parse/size.ts";
import { gathered, wholeNumber } from "../parse/values.ts";

/** A command, as a process or in a container. */
export type CommandTask = Extract<TaskSpec, { readonly kind: "process" | "docker" }>;

/** The flags of every command that runs one. */
export interface TaskFlags {
  readonly docker?: boolean;
  readonly image?: string;
  readonly env?: readonly string[];
  readonly workdir?: string;
  readonly memory?: number;
  readonly swap?: number;
  readonly cpu?: number;
  readonly pids?: number;
  readonly io?: number;
  readonly tmp?: number;
  readonly openFiles?: number;
}

/** Each flag of a limit, and the limit. */
const limitFlags = {
  memory: "memoryBytes",
  swap: "swapBytes",
  cpu: "cpus",
  pids: "pids",
  io: "ioBytesPerSecond",
  tmp: "tmpfsBytes",
  openFiles: "openFiles",
} as const satisfies Readonly<Partial<Record<keyof TaskFlags, keyof LimitsSpec>>>;

/** The argument `[command...]` and the flags that say what it is run in; {@link taskOf} reads both. */
export function addTaskOptions(command: Command): Command {
  command.argument(
    "[command...]",
    "a shell line in quotes; or after --, a program and its arguments as they are",
  );
  const add = (group: string, ...options: readonly Option[]): void => {
    for (const option of options) command.addOption(option.helpGroup(group));
  };
  add(
    "What to run:",
    new Option("--docker", "run it in a container, of the cluster's default image unless --image says which"),
    new Option("--image <image>", "run it in a container of this image"),
    new Option("--env <name=value>", "a variable of its environment; may be repeated").argParser(gathered),
    new Option("--workdir <path>", "absolute path of the directory that it starts in"),
  );
  add(
    "Limits of one attempt (default: the node's):",
    new Option("--memory <size>", "memory, such as 32m; beyond it the job is killed").argParser(size(1)),
    new Option("--swap <size>", "swap beside memory; 0 for none").argParser(size(0)),
    new Option("--cpu <share>", "processors' time: 0.2 is a fifth of one").argParser(cpuShare),
    new Option("--pids <n>", "processes and threads at once").argParser(wholeNumber(1, maxUint32)),
    new Option("--io <size>", "bytes a second from and to each disk, such as 1m").argParser(size(1)),
    new Option("--tmp <size>", "size of /tmp").argParser(size(1)),
    new Option("--open-files <n>", "open files of one process").argParser(wholeNumber(1, maxUint32)),
  );
  return command;
}

const maxUint32 = 2 ** 32 - 1;

function cpuShare(text: string): number {
  const share = Number(text);
  if (!/^(\d+\.?\d*|\.\d+)$/.test(text.trim()) || share <= 0)
    throw new InvalidArgumentError("Give a number above 0, such as 0.5.");
  return share;
}

/** Whether any flag says how to run a command. */
export function hasTaskFlags(flags: TaskFlags): boolean {
  return taskFlagNames.some((name) => flags[name] !== undefined);
}

const taskFlagNames: readonly (keyof TaskFlags)[] = [
  "docker",
  "image",
  "env",
  "workdir",
  ...(Object.keys(limitFlags) as (keyof typeof limitFlags)[]),
];

/**
 * What the words and flags of a command with {@link addTaskOptions} say.
 *
 * @throws UsageError when they say nothing that could be run
 */
export function taskOf(command: Command, flags: TaskFlags): CommandTask {
  const limits = limitsOf(flags);
  const common = {
    ...lineOf(command),
    ...(flags.env === undefined ? {} : { env: environmentOf(flags.env) }),
    ...(flags.workdir === undefined ? {} : { workingDirectory: workingDirectoryOf(flags.workdir) }),
    ...(Object.keys(limits).length === 0 ? {} : { limits }),
  };
  if (flags.docker !== true && flags.image === undefined) return { kind: "process", ...common };
  if (flags.image?.trim() === "") throw new UsageError("--image is empty: name one, or say --docker alone.");
  return { kind: "docker", ...common, ...(flags.image === undefined ? {} : { image: flags.image }) };
}

function lineOf(command: Command): { readonly shell: string } | { readonly argv: readonly string[] } {
  const [first = "", ...more] = command.args;
  if (first.trim() === "")
    throw new UsageError('The command is empty: give a shell line, such as "echo hello".');
  if (literalWords(command)) return { argv: command.args };
  if (more.length === 0) return { shell: first };
  throw new UsageError(
    `too many arguments: put a shell line in quotes (${JSON.stringify(command.args.join(" "))}), or -- before a program and its arguments.`,
  );
}

/**
 * Whether the words all stand after `--`. Then they are taken as they are, even a single one: `-- "$PROGRAM"` must not
 * reach a shell.
 */
function literalWords(command: Command): boolean {
  const { args } = command;
  // Commander keeps it, and does not type it.
  const { rawArgs } = rootOf(command) as Command & { readonly rawArgs: readonly string[] };
  const start = rawArgs.length - args.length;
  return rawArgs[start - 1] === "--" && args.every((word, at) => rawArgs[start + at] === word);
}

function rootOf(command: Command): Command {
  return command.parent === null ? command : rootOf(command.parent);
}

function environmentOf(lines: readonly string[]): Record<string, string> {
  return Object.fromEntries(
    lines.map((line) => {
      const [, name, value] = /^([A-Za-z_][A-Za-z0-9_]*)=([^]*)$/.exec(line) ?? [];
      if (name === undefined || value === undefined)
        throw new UsageError(`--env ${JSON.stringify(line)} is no variable: write NAME=value.`);
      return [name, value];
    }),
  );
}

function workingDirectoryOf(path: string): string {
  if (!path.startsWith("/"))
    throw new UsageError(`--workdir ${JSON.stringify(path)} must be an absolute path, such as /tmp.`);
  return path;
}

function limitsOf(flags: TaskFlags): LimitsSpec {
  const named = Object.entries(limitFlags).map(([flag, limit]) => [
    limit,
    flags[flag as keyof typeof limitFlags],
  ]);
  return Object.fromEntries(named.filter(([, value]) => value !== undefined)) as LimitsSpec;
}

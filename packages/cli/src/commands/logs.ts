import type { Command } from "commander";
import type { CliEnvironment } from "../environment.ts";
import { printLogs } from "../output/log-printer.ts";
import { size } from "../parse/size.ts";
import { wholeNumber } from "../parse/values.ts";
import { clusterCommand } from "../session.ts";

interface LogFlags {
  readonly follow?: boolean;
  readonly sinceOffset?: number;
  readonly tail?: number;
  readonly attempt?: number;
  readonly execution?: string;
}

const notes = `
What the job wrote to stdout and stderr goes to stdout and stderr, byte for byte. Bytes that are not to be had any
more are told on stderr, in a line that begins with "cox:". The exit code is 0 however the job ended; with -o json the
last record says how.`;

/** `cox logs`, and `cox job logs`. */
export function addLogs(parent: Command, environment: CliEnvironment): void {
  const command = parent
    .command("logs")
    .description("print what a job's newest execution has written, from whichever node it ran on")
    .argument("<id>", "the job's id")
    .option("-f, --follow", "go on until the job has ended, also when it has not begun")
    .option("--since-offset <n>", "begin at this byte of the attempt's output", wholeNumber(0))
    .option("--tail <size>", "begin so many bytes before its present end, such as 4k", size(0))
    .option("--attempt <n>", "begin with this attempt (default: the newest)", wholeNumber(1, 2 ** 32 - 1))
    .option("--execution <id>", "of this execution, as `cox job executions` names it")
    .addHelpText("after", notes);
  clusterCommand<LogFlags>(command, environment, async (session, flags, [id = ""]) => {
    const { follow = false, sinceOffset, tail, attempt, execution } = flags;
    const records = session.client.logs(id, {
      follow,
      ...(sinceOffset === undefined ? {} : { offset: sinceOffset }),
      ...(tail === undefined ? {} : { tailBytes: tail }),
      ...(attempt === undefined ? {} : { attempt }),
      ...(execution === undefined ? {} : { executionId: execution }),
    });
    await printLogs(records, environment, { json: session.json });
  });
}

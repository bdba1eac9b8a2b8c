import type { Command } from "commander";
import type { CliEnvironment } from "../environment.ts";
import { answerJson } from "../output/json.ts";
import { printLogs } from "../output/log-printer.ts";
import { parseDuration } from "../parse/duration.ts";
import { clusterCommand } from "../session.ts";
import { JobFailedError } from "./job-status.ts";
import { type TaskFlags, addTaskOptions, taskOf } from "./task-options.ts";

interface StartFlags extends TaskFlags {
  readonly id?: string;
  readonly timeout?: string;
  readonly follow?: boolean;
}

const examples = `
It runs now, at most once: it is not tried again when it fails, nor elsewhere when its node is lost.

Examples:
  cox start "ls -la"
  cox start --follow --memory 32m --cpu 0.2 -- sha256sum /bin/sh
  cox start --docker "cat /etc/os-release"`;

export function addStart(program: Command, environment: CliEnvironment): void {
  const command = program.command("start").description("start a command and print the id of its job");
  addTaskOptions(command)
    .option("--timeout <time>", "limit of the run, such as 30s")
    .option("--id <id>", "your own id: a second start with it and the same command starts nothing")
    .option(
      "-f, --follow",
      "print the id on stderr and then what it writes, and exit with 1 unless it completed",
    )
    .addHelpText("after", examples);
  clusterCommand<StartFlags>(command, environment, async (session, flags) => {
    const started = await session.client.start({
      task: taskOf(command, flags),
      ...(flags.id === undefined ? {} : { id: flags.id }),
      ...(flags.timeout === undefined ? {} : { timeoutMs: parseDuration(flags.timeout) }),
    });
    const { jobId } = started;
    if (flags.follow !== true) {
      session.print({ json: () => answerJson(started), table: () => `${jobId}\n` });
      return;
    }
    // Whoever is interrupted has the id; stdout is the job's alone.
    environment.stderr.write(`${jobId}\n`);
    const exit = await printLogs(session.client.logs(jobId), environment, { json: session.json });
    if (exit !== undefined && exit.status !== "COMPLETED")
      throw new JobFailedError({ jobId, status: exit.status });
  });
}

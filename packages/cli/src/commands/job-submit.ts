import { type Command, Option } from "commander";
import type { CliEnvironment } from "../environment.ts";
import { statusJson, submittedJson } from "../output/json.ts";
import { safeLine } from "../output/text.ts";
import { gathered, wholeNumber } from "../parse/values.ts";
import { clusterCommand } from "../session.ts";
import { type SpecFlags, specOf } from "./job-spec.ts";
import { JobFailedError, statusText } from "./job-status.ts";
import { addTaskOptions } from "./task-options.ts";

interface SubmitFlags extends SpecFlags {
  readonly wait?: boolean;
}

const examples = `
Examples:
  cox job submit "echo hello"
  cox job submit --at +3s "date"
  cox job submit --cron "30 2 * * *" --tz Europe/Berlin "pg_dump app > /backup/app.sql"
  cox job submit --webhook https://example.org/hook --payload '{"a":1}' --header "X-Team: ops"
  cox job submit --docker --image alpine:latest "cat /etc/os-release" --wait
  cox job submit --memory 32m --cpu 0.2 --env NAME=Ada -- printenv NAME`;

export function addJobSubmit(job: Command, environment: CliEnvironment): void {
  const command = job
    .command("submit")
    .description("store a job and print its id; the cluster runs it now, at an instant, or again and again");
  addTaskOptions(command)
    .addOption(new Option("--webhook <url>", "call this address instead").helpGroup("What to run:"))
    .addOption(new Option("--payload <text|@file>", "what to send to it").helpGroup("What to run:"))
    .addOption(new Option("--method <method>", "how to call it (default: POST)").helpGroup("What to run:"))
    .addOption(
      new Option("--header <line>", '"Name: value"; may be repeated')
        .argParser(gathered)
        .helpGroup("What to run:"),
    )
    .addOption(new Option("--none", "run nothing: the job completes at once").helpGroup("What to run:"))
    .addOption(
      new Option("--at <instant>", 'RFC 3339, epoch seconds, "2006-01-02 15:04:05" (UTC) or +3s').helpGroup(
        "When:",
      ),
    )
    .addOption(
      new Option("--cron <expression>", "5 or 6 fields, or an alias such as @daily").helpGroup("When:"),
    )
    .addOption(new Option("--tz <zone>", "time zone of --cron (default: UTC)").helpGroup("When:"))
    .addOption(new Option("--first <instant>", "no occurrence of --cron before this").helpGroup("When:"))
    .addOption(new Option("--last <instant>", "no occurrence of --cron after this").helpGroup("When:"))
    .addOption(
      new Option("--max-attempts <n>", "how often to try in all")
        .argParser(wholeNumber(1, 1_000))
        .helpGroup("How:"),
    )
    .addOption(new Option("--timeout <time>", "limit of one attempt, such as 30s").helpGroup("How:"))
    .addOption(
      new Option("--on-node-loss <policy>", "retry elsewhere, or fail")
        .choices(["retry", "fail"])
        .helpGroup("How:"),
    )
    .addOption(
      new Option("--priority <n>", "higher runs first (default: 0)")
        .argParser(wholeNumber(0, 4_294_967_295))
        .helpGroup("How:"),
    )
    .option("--id <id>", "your own id: a second submit with it and the same content is the same job")
    .option("--wait", "wait for the end, show it, and exit with 1 unless the job completed")
    .addHelpText("after", examples);
  clusterCommand<SubmitFlags>(command, environment, async (session, options) => {
    const submitted = await session.client.submit(specOf(command, options, session.nowMs));
    if (options.wait !== true) {
      session.print({ json: () => submittedJson(submitted), table: () => `${submitted.jobId}\n` });
      return;
    }
    // The id first: whoever is interrupted while waiting still has it.
    if (!session.json) environment.stdout.write(`${submitted.jobId}\n`);
    const { pendingReason } = await session.client.status(submitted.jobId);
    if (pendingReason !== "") environment.stderr.write(`The job waits. ${safeLine(pendingReason)}\n`);
    const job = await session.client.waitFor(
      submitted.jobId,
      environment.signal === undefined ? {} : { signal: environment.signal },
    );
    session.print({ json: () => statusJson(job), table: () => statusText(job) });
    if (job.status !== "COMPLETED") throw new JobFailedError(job);
  });
}

import type { Command } from "commander";
import type { CliEnvironment } from "../environment.ts";
import { parseDuration } from "../parse/duration.ts";
import { clusterCommand } from "../session.ts";

export function addJobCancel(job: Command, environment: CliEnvironment): void {
  const command = job
    .command("cancel")
    .description("end a job: nothing more of it starts, and what runs is stopped")
    .argument("<id>", "the job's id")
    .option("--reason <text>", "kept with the job")
    .option(
      "--grace <time>",
      "how long what runs may take to end by itself; 0 for none (default: its node's)",
    );
  clusterCommand<{ readonly reason?: string; readonly grace?: string }>(
    command,
    environment,
    async (session, { reason, grace }, [id = ""]) => {
      const { status, message } = await session.client.cancel(id, {
        ...(reason === undefined ? {} : { reason }),
        ...(grace === undefined ? {} : { graceMs: parseDuration(grace) }),
      });
      const happened = status === "RUNNING" ? "is being stopped" : `is ${status}`;
      session.print({
        json: () => ({ job_id: id, status, message }),
        table: () => `Job ${id} ${happened}.\n`,
      });
    },
  );
}

export function addJobDelete(job: Command, environment: CliEnvironment): void {
  const command = job
    .command("delete")
    .description("remove a job with its history")
    .argument("<id>", "the job's id");
  clusterCommand(command, environment, async (session, _options, [id = ""]) => {
    await session.client.delete(id);
    session.print({ json: () => ({ job_id: id, deleted: true }), table: () => `Job ${id} is deleted.\n` });
  });
}

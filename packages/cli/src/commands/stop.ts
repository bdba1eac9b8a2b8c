import type { Command } from "commander";
import type { CliEnvironment } from "../environment.ts";
import { answerJson } from "../output/json.ts";
import { parseDuration } from "../parse/duration.ts";
import { clusterCommand } from "../session.ts";

export function addStop(program: Command, environment: CliEnvironment): void {
  const command = program
    .command("stop")
    .description("end a job: at once, unless a grace is given")
    .argument("<id>", "the job's id")
    .option("--grace <time>", "how long it may take to end by itself, such as 5s (default: 0)");
  clusterCommand<{ readonly grace?: string }>(command, environment, async (session, { grace }, [id = ""]) => {
    const answer = await session.client.stop(
      id,
      grace === undefined ? {} : { graceMs: parseDuration(grace) },
    );
    const happened = answer.status === "RUNNING" ? "is being stopped" : `is ${answer.status}`;
    session.print({ json: () => answerJson(answer), table: () => `Job ${id} ${happened}.\n` });
  });
}

import { readFileSync } from "node:fs";
import { Command } from "commander";
import { addCert } from "./commands/cert.ts";
import { addCluster, addLog } from "./commands/cluster.ts";
import { addJobCancel, addJobDelete } from "./commands/job-change.ts";
import { addJobExecutions } from "./commands/job-executions.ts";
import { addJobList } from "./commands/job-list.ts";
import { addLogs } from "./commands/logs.ts";
import { addStart } from "./commands/start.ts";
import { addStop } from "./commands/stop.ts";
import { addJobStatus } from "./commands/job-status.ts";
import { addJobSubmit } from "./commands/job-submit.ts";
import type { CliEnvironment } from "./environment.ts";
import { UsageError } from "./errors.ts";
import { exitCodeHelp } from "./exit-code.ts";
import { addGlobalOptions } from "./global-options.ts";

/** A node that ended by itself; its own output said why. Carries its exit code through. */
export class ServerEndedError extends Error {
  readonly exitCode: number;

  constructor(exitCode: number) {
    super(`The node ended with exit code ${String(exitCode)}.`);
    this.name = "ServerEndedError";
    this.exitCode = exitCode;
  }
}

/** The commands, as a commander program that throws instead of ending the process. For most uses `runCli` is the way. */
export function createProgram(environment: CliEnvironment): Command {
  const version = environment.version ?? ownVersion();
  const program = new Command("cox")
    .description("Coxswain: submit jobs to a cluster, follow them, and operate it.")
    .enablePositionalOptions()
    .version(version, "-V, --version")
    .addHelpText("after", exitCodeHelp);
  addGlobalOptions(program);
  const job = program.command("job").description("submit jobs and follow them");
  addJobSubmit(job, environment);
  addJobStatus(job, environment);
  addJobList(job, environment);
  addJobCancel(job, environment);
  addJobDelete(job, environment);
  addJobExecutions(job, environment);
  addLogs(job, environment);
  addStart(program, environment);
  addJobStatus(program, environment);
  addLogs(program, environment);
  addStop(program, environment);
  addCluster(program, environment);
  addLog(program, environment);
  addCert(program, environment);
  addServer(program, environment);
  program
    .command("version")
    .description("print the version")
    .action(() => void environment.stdout.write(`${version}\n`));
  embed(program, environment);
  return program;
}

function ownVersion(): string {
  const text = readFileSync(new URL("../package.json", import.meta.url), "utf8");
  return (JSON.parse(text) as { readonly version: string }).version;
}

function addServer(program: Command, environment: CliEnvironment): void {
  program
    .command("server")
    .description("run a node")
    .enablePositionalOptions()
    .command("start")
    .description("run a node until it is told to end; `cox server start --help` shows its flags")
    .argument("[flags...]", "handed to coxswaind as they are")
    .helpOption(false)
    .allowUnknownOption()
    .passThroughOptions()
    .action(async (flags: readonly string[]) => {
      if (environment.startServer === undefined)
        throw new UsageError("This program cannot run nodes: install `coxswain`.");
      const exitCode = await environment.startServer(flags);
      if (exitCode !== 0) throw new ServerEndedError(exitCode);
    });
}

/** Each command inherits neither output nor the habit to end the process; so each is told. */
function embed(command: Command, environment: CliEnvironment): void {
  command
    .exitOverride()
    .configureOutput({
      writeOut: (text) => void environment.stdout.write(text),
      writeErr: (text) => void environment.stderr.write(text),
    })
    .showSuggestionAfterError();
  for (const child of command.commands) embed(child, environment);
}

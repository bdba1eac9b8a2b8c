import type { Command } from "commander";
import { CoxswainClient } from "@coxswain/client";
import type { CliClient, CliEnvironment } from "./environment.ts";
import { type GlobalOptions, addGlobalOptions, clientOptionsOf } from "./global-options.ts";
import { type Json, jsonText } from "./output/json.ts";

/** What one run of a command has at hand. */
export interface Session {
  readonly client: CliClient;
  readonly environment: CliEnvironment;
  readonly nowMs: number;
  /** Prints in the form asked for; only that one is made. */
  print(forms: { readonly json: () => Json; readonly table: () => string }): void;
  /** Prints one of many records that come one after the other: a JSON text a line, or as `table` says. */
  printLine(forms: { readonly json: () => Json; readonly table: () => string }): void;
  readonly json: boolean;
}

/** A leaf command that talks to the cluster: global options, a client for as long as it runs, and nothing left behind. */
export function clusterCommand<Options>(
  command: Command,
  environment: CliEnvironment,
  run: (session: Session, options: Options, args: readonly string[]) => Promise<void>,
): Command {
  return addGlobalOptions(command).action(async () => {
    const options: GlobalOptions = {
      ...rootOf(command).opts<GlobalOptions>(),
      ...command.opts<GlobalOptions>(),
    };
    const connect = environment.connect ?? CoxswainClient.connect;
    const client = connect(clientOptionsOf(options, environment.env));
    const close = (): void => {
      client.close();
    };
    environment.signal?.addEventListener("abort", close);
    try {
      await run(
        openSession(client, environment, options.output === "json"),
        command.opts() as Options,
        command.args,
      );
    } finally {
      environment.signal?.removeEventListener("abort", close);
      close();
    }
  });
}

function openSession(client: CliClient, environment: CliEnvironment, json: boolean): Session {
  const { stdout } = environment;
  return {
    client,
    environment,
    json,
    nowMs: (environment.nowMs ?? Date.now)(),
    print: (forms) => {
      stdout.write(json ? jsonText(forms.json()) : forms.table());
    },
    printLine: (forms) => {
      stdout.write(json ? jsonText(forms.json(), 0) : forms.table());
    },
  };
}

function rootOf(command: Command): Command {
  return command.parent === null ? command : rootOf(command.parent);
}

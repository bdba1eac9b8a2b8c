import { type Command, Option } from "commander";
import type { ClientOptions } from "@coxswain/client";
import { UsageError } from "./errors.ts";
import { parseDuration } from "./parse/duration.ts";
import { gathered } from "./parse/values.ts";

/** Where the cluster is, who is asking, and in which form to answer. */
export interface GlobalOptions {
  readonly server?: readonly string[];
  readonly addr?: readonly string[];
  readonly caCert?: string;
  readonly cert?: string;
  readonly key?: string;
  readonly insecure?: boolean;
  readonly requestTimeout?: string;
  readonly output?: "table" | "json";
}

const defaultServer = "127.0.0.1:50051";

/** Adds the options that every command talking to a cluster takes; they may stand before or after the command's name. */
export function addGlobalOptions(command: Command): Command {
  const options = [
    new Option(
      "-s, --server <host:port>",
      "a node, or several with commas; may be repeated (env COX_SERVER)",
    ).argParser(gathered),
    new Option("-a, --addr <host:port>", "the same as --server").argParser(gathered),
    new Option("--ca-cert <file>", "the cluster's CA certificate (env COX_CA_CERT)"),
    new Option("--cert <file>", "your certificate (env COX_CERT)"),
    new Option("--key <file>", "its private key (env COX_KEY)"),
    new Option("--insecure", "talk without TLS to a node on another machine"),
    new Option("--request-timeout <time>", "how long to try in all (default: 15s)"),
    new Option("-o, --output <form>", "table or json (default: table)").choices(["table", "json"]),
  ];
  for (const option of options) command.addOption(option.helpGroup("Cluster and output:"));
  return command;
}

/**
 * What to connect with: flags first, then the environment, then a node on this machine.
 *
 * @throws UsageError when TLS is given in part
 */
export function clientOptionsOf(
  options: GlobalOptions,
  env: Readonly<Record<string, string | undefined>>,
): ClientOptions {
  const named = [...(options.server ?? []), ...(options.addr ?? [])];
  const fromEnv = setting(env, "COX_SERVER");
  const listed = named.length > 0 ? named : [fromEnv ?? defaultServer];
  const servers = listed
    .flatMap((list) => list.split(","))
    .map((server) => server.trim())
    .filter((server) => server !== "");
  const tls = tlsOf(options, env);
  return {
    servers: servers.length > 0 ? servers : [defaultServer],
    name: "cox",
    ...(tls === undefined ? {} : { tls }),
    ...(options.insecure === true ? { insecure: true } : {}),
    ...(options.requestTimeout === undefined ? {} : { timeoutMs: parseDuration(options.requestTimeout) }),
  };
}

function tlsOf(
  options: GlobalOptions,
  env: Readonly<Record<string, string | undefined>>,
): { ca: string; cert: string; key: string } | undefined {
  if (options.insecure === true) return undefined;
  const ca = options.caCert ?? setting(env, "COX_CA_CERT");
  const cert = options.cert ?? setting(env, "COX_CERT");
  const key = options.key ?? setting(env, "COX_KEY");
  if (ca === undefined && cert === undefined && key === undefined) return undefined;
  if (ca === undefined || cert === undefined || key === undefined) {
    throw new UsageError(
      "TLS needs all three of --ca-cert, --cert and --key (or COX_CA_CERT, COX_CERT, COX_KEY).",
    );
  }
  return { ca, cert, key };
}

function setting(env: Readonly<Record<string, string | undefined>>, name: string): string | undefined {
  const value = env[name];
  return value === undefined || value === "" ? undefined : value;
}

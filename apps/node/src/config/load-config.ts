/**
 * Flags over environment over file over defaults, checked once.
 */
import { Command, CommanderError } from "commander";
import { ConfigError } from "./errors.ts";
import { executorProblems } from "./executor-options.ts";
import type { OptionDefinition } from "./option.ts";
import { OPTIONS } from "./options.ts";
import type { NodeOptions } from "./options.ts";

/** Where options come from. */
export interface ConfigSources {
  /** Flags, without the program's name. */
  readonly argv: readonly string[];
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly readFile: (path: string) => string;
}

/** Instead of options: text to print, and the exit code. */
export interface ConfigHelp {
  readonly help: string;
}

const KEYS = Object.keys(OPTIONS) as (keyof NodeOptions)[];
const ALIASES: Readonly<Record<string, string>> = { "--allow-insecure": "--insecure" };

/** Reads and checks the options of a node. Throws {@link ConfigError}; returns help when it was asked for. */
export function loadConfig(sources: ConfigSources): NodeOptions | ConfigHelp {
  const parsed = parseFlags(sources.argv);
  if ("help" in parsed) return parsed;
  const file = readConfigFile(parsed.config ?? sources.env["COX_CONFIG"], sources.readFile);
  return checkTogether(resolve(parsed.flags, sources.env, file));
}

/** The names of the variable, flag or file key that gave a value are part of every complaint. */
function resolve(
  flags: Readonly<Record<string, unknown>>,
  env: Readonly<Record<string, string | undefined>>,
  file: Readonly<Record<string, unknown>>,
): NodeOptions {
  const problems: string[] = [];
  const values: Record<string, unknown> = {};
  for (const key of KEYS) {
    const definition: OptionDefinition<unknown> = OPTIONS[key];
    const variable = definition.env.find((name) => env[name] !== undefined);
    const [from, raw] =
      flags[key] !== undefined
        ? [definition.flag, flags[key]]
        : variable !== undefined
          ? [variable, env[variable]]
          : file[key] !== undefined
            ? [`"${key}" in the configuration file`, file[key]]
            : ["the default", definition.fallback];
    const result = definition.schema.safeParse(raw);
    if (result.success) values[key] = result.data;
    else problems.push(...result.error.issues.map((issue) => `${from}: ${issue.message}`));
  }
  if (problems.length > 0) throw new ConfigError(problems);
  return values as unknown as NodeOptions;
}

function parseFlags(argv: readonly string[]): { flags: Record<string, unknown>; config?: string } | ConfigHelp {
  let output = "";
  const program = buildProgram((text) => (output += text));
  const normal = argv.map((word) => {
    const [name = "", ...rest] = word.split("=");
    return [ALIASES[name] ?? name, ...rest].join("=");
  });
  try {
    program.parse(normal, { from: "user" });
  } catch (error) {
    if (!(error instanceof CommanderError)) throw error;
    if (error.exitCode === 0) return { help: output };
    throw new ConfigError([error.message.replace(/^error: /, "")], { cause: error });
  }
  const { config, ...flags } = program.opts<{ config?: string } & Record<string, unknown>>();
  return config === undefined ? { flags } : { flags, config };
}

function buildProgram(write: (text: string) => void): Command {
  const program = new Command("coxswaind")
    .description("One node of a Coxswain cluster.")
    .exitOverride()
    .configureOutput({ writeOut: write, writeErr: () => {} })
    .allowExcessArguments(false)
    .option("--config <path>", "Options as a JSON object; keys as in docs/reference/configuration.md. Env: COX_CONFIG.");
  for (const key of KEYS) {
    const { flag, placeholder, meaning, env, fallback } = OPTIONS[key];
    const value = placeholder === "" ? "" : ` <${placeholder}>`;
    const notes = [
      ...(fallback === undefined || fallback === "" || fallback === false ? [] : [`Default: ${fallback}.`]),
      `Env: ${env.join(", ")}.`,
    ];
    program.option(`${flag}${value}`, `${meaning} ${notes.join(" ")}`);
  }
  return program;
}

function readConfigFile(path: string | undefined, readFile: (path: string) => string): Record<string, unknown> {
  if (path === undefined) return {};
  let content: unknown;
  try {
    content = JSON.parse(readFile(path));
  } catch (cause) {
    throw new ConfigError([`--config: ${path} cannot be read as JSON: ${(cause as Error).message}`], { cause });
  }
  if (typeof content !== "object" || content === null || Array.isArray(content))
    throw new ConfigError([`--config: ${path} must hold one JSON object of options`]);
  const unknown = Object.keys(content).filter((key) => !(key in OPTIONS));
  if (unknown.length > 0)
    throw new ConfigError(unknown.map((key) => `--config: "${key}" is not an option; see docs/reference/configuration.md`));
  return content as Record<string, unknown>;
}

/** Rules that span options. */
function checkTogether(options: NodeOptions): NodeOptions {
  const problems: string[] = [];
  const certificates = [options.caCert, options.cert, options.key];
  const given = certificates.filter((path) => path !== undefined).length;
  if (given !== 0 && given !== 3) problems.push("--ca-cert, --cert and --key belong together: give all three or none");
  if (options.tls === true && given === 0)
    problems.push("--tls needs --ca-cert, --cert and --key; make them with `cox cert init` and `cox cert issue`");
  if (options.electionTimeoutMin >= options.electionTimeoutMax)
    problems.push("--election-timeout-min must be below --election-timeout-max");
  if (options.heartbeatInterval * 2 > options.electionTimeoutMin)
    problems.push("--heartbeat-interval must be at most half of --election-timeout-min");
  if (options.peers.some((peer) => peer.id === options.nodeId))
    problems.push(`--peers names this node's own id ${options.nodeId}; list only the others`);
  problems.push(...addressProblems(options), ...executorProblems(options));
  if (!secure(options) && !options.insecure && !isLoopback(listenAddress(options)))
    problems.push(
      `--listen ${listenAddress(options)} is not loopback: give --ca-cert, --cert and --key, or say --insecure to let everyone in`,
    );
  if (problems.length > 0) throw new ConfigError(problems);
  return options;
}

/** What the other members are told to dial must be an address of this node. */
function addressProblems(options: NodeOptions): string[] {
  if (options.advertiseAddr !== undefined)
    return isDiallable(options.advertiseAddr)
      ? []
      : [`--advertise-addr ${options.advertiseAddr} cannot be dialled: give a host name or address of this node, and its port`];
  const listen = listenAddress(options);
  if (options.peers.length === 0 || isDiallable(listen)) return [];
  return [`--listen ${listen} is nothing that other members can dial: say with --advertise-addr host:port where they reach this node`];
}

/** Every address at once, and port 0, mean something to a listener only. */
function isDiallable(address: string): boolean {
  const colon = address.lastIndexOf(":");
  return !["0.0.0.0", "[::]", "[::0]"].includes(address.slice(0, colon)) && Number(address.slice(colon + 1)) > 0;
}

/** Whether the node serves mutual TLS. */
export function secure(options: NodeOptions): boolean {
  return options.tls !== false && options.caCert !== undefined;
}

/** `--listen` with the port of `--port`, where that is given. */
export function listenAddress(options: NodeOptions): string {
  const listen = options.listen ?? "127.0.0.1:50051";
  if (options.port === undefined) return listen;
  return `${listen.slice(0, listen.lastIndexOf(":"))}:${options.port}`;
}

function isLoopback(address: string): boolean {
  const host = address.slice(0, address.lastIndexOf(":")).replace(/^\[|\]$/g, "");
  return host === "localhost" || host === "::1" || /^127\.\d+\.\d+\.\d+$/.test(host);
}

import { type Command, Option } from "commander";
import {
  type CertificateKind,
  type KeyedCertificate,
  createCa,
  describeCertificate,
  issueCertificate,
} from "@coxswain/pki";
import type { CliEnvironment } from "../environment.ts";
import { readKeyed, readText, writeKeyed } from "../certificate-files.ts";
import { type Json, jsonText } from "../output/json.ts";
import { fields } from "../output/table.ts";
import { instant } from "../output/times.ts";
import { gathered, wholeNumber } from "../parse/values.ts";

const examples = `
Examples:
  cox cert init --cluster-name demo
  cox cert issue node node-1 --host node-1.example --host 10.0.0.1
  cox cert issue admin root
  cox cert issue client alice --days 30
  cox cert show certs/alice.crt`;

export function addCert(program: Command, environment: CliEnvironment): void {
  const cert = program
    .command("cert")
    .description("make the cluster's certificates, without openssl")
    .addHelpText("after", examples);
  addInit(cert, environment);
  addIssue(cert, environment);
  addShow(cert, environment);
}

interface MakeFlags {
  readonly dir: string;
  readonly days?: number;
  readonly force?: boolean;
}

const dirOption = (): Option =>
  new Option("--dir <directory>", "where certificates and keys are").default("certs");
const forceOption = (): Option => new Option("--force", "replace what is there");

function addInit(cert: Command, environment: CliEnvironment): void {
  cert
    .command("init")
    .description("make the CA: ca.crt for everyone, ca.key to be kept off the nodes")
    .option("--cluster-name <name>", "part of the CA's name", "coxswain")
    .option("--days <n>", "how long it is good for (default: 3650)", wholeNumber(1, 36_500))
    .addOption(dirOption())
    .addOption(forceOption())
    .action(
      async ({ clusterName, dir, days, force = false }: MakeFlags & { readonly clusterName: string }) => {
        const ca = await createCa({
          clusterName,
          nowMs: now(environment),
          ...(days === undefined ? {} : { days }),
        });
        told(environment, writeKeyed(dir, "ca", ca, force));
      },
    );
}

function addIssue(cert: Command, environment: CliEnvironment): void {
  cert
    .command("issue")
    .description("make a certificate with a fresh key")
    .argument("<kind>", "node (cluster member), admin (operates the cluster) or client (owns jobs)")
    .argument("<name>", "the identity; of a client, the owner of its jobs")
    .option("--host <host>", "where a node is reached, besides localhost; may be repeated", gathered)
    .option("--days <n>", "how long it is good for (default: 365)", wholeNumber(1, 36_500))
    .addOption(dirOption())
    .addOption(forceOption())
    .action(
      async (
        kind: CertificateKind,
        name: string,
        flags: MakeFlags & { readonly host?: readonly string[] },
      ) => {
        const { dir, days, host = [], force = false } = flags;
        const ca = readKeyed(dir, "ca");
        const issued = await issueCertificate({
          ca,
          kind,
          name,
          hosts: host,
          nowMs: now(environment),
          ...(days === undefined ? {} : { days }),
        });
        told(environment, writeKeyed(dir, name, issued, force));
      },
    );
}

function addShow(cert: Command, environment: CliEnvironment): void {
  cert
    .command("show")
    .description("say who a certificate is for, who issued it and how long it is good for")
    .argument("<file>", "a certificate in PEM")
    .addOption(new Option("-o, --output <form>", "table or json").choices(["table", "json"]))
    .action((file: string, { output }: { readonly output?: string }) => {
      const form = output ?? cert.parent?.opts<{ readonly output?: string }>().output;
      environment.stdout.write(shown(readText(file), form === "json"));
    });
}

function shown(pem: string, asJson: boolean): string {
  const {
    name = "",
    kind,
    subject,
    issuer,
    serialNumber,
    notBeforeMs,
    notAfterMs,
    hosts,
    usages,
    fingerprint,
  } = describeCertificate(pem);
  if (asJson) {
    const json: Json = {
      name,
      kind,
      subject,
      issuer,
      serial_number: serialNumber,
      not_before_ms: notBeforeMs,
      not_after_ms: notAfterMs,
      hosts: [...hosts],
      usages: [...usages],
      fingerprint,
    };
    return jsonText(json);
  }
  return fields([
    ["Name", name === "" ? "(none)" : name],
    ["Kind", kind],
    ["Issuer", issuer],
    ["Valid from", instant(notBeforeMs)],
    ["Valid until", instant(notAfterMs)],
    ["Hosts", hosts.join(", ")],
    ["Usages", usages.join(", ")],
    ["Serial", serialNumber],
    ["SHA-256", fingerprint],
  ]);
}

function now(environment: CliEnvironment): number {
  return (environment.nowMs ?? Date.now)();
}

function told(environment: CliEnvironment, { certificate, privateKey }: KeyedCertificate): void {
  environment.stdout.write(`${certificate}\n${privateKey}\n`);
}

/** Nodes in this process, each with a directory of its own, and what they log. */
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { createServer } from "node:net";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setLogger } from "@grpc/grpc-js";
import { createCa, issueCertificate } from "@coxswain/pki";
import type { CertificateKind, KeyedCertificate } from "@coxswain/pki";
import type { Logger } from "@coxswain/telemetry";
import { loadConfig } from "../src/config/load-config.ts";
import type { NodeOptions } from "../src/config/options.ts";
import { CoxswainNode } from "../src/node.ts";
import type { LimitOptions } from "../src/server-limits.ts";

// A failed listen is a claim of some tests; grpc-js would print it.
setLogger({ error: () => {} });

export interface Line {
  readonly level: string;
  readonly message: string;
  readonly fields: Readonly<Record<string, unknown>>;
}

/** Keeps its lines, and tells when one comes. */
export class MemoryLogger implements Logger {
  readonly lines: Line[] = [];
  #waiting: (() => void)[] = [];

  readonly #at =
    (level: string) =>
    (fields: object, message: string): void => {
      this.lines.push({ level, message, fields: { ...fields } });
      for (const look of [...this.#waiting]) look();
    };
  readonly trace: Logger["trace"] = this.#at("trace");
  readonly debug: Logger["debug"] = this.#at("debug");
  readonly info: Logger["info"] = this.#at("info");
  readonly warn: Logger["warn"] = this.#at("warn");
  readonly error: Logger["error"] = this.#at("error");
  readonly fatal: Logger["fatal"] = this.#at("fatal");
  child(): Logger {
    return this;
  }

  /** Resolves with the first line that fits, logged before or after. */
  line(fits: (line: Line) => boolean): Promise<Line> {
    return new Promise((resolve) => {
      const look = (): void => {
        const found = this.lines.find(fits);
        if (found === undefined) return;
        this.#waiting = this.#waiting.filter((other) => other !== look);
        resolve(found);
      };
      this.#waiting.push(look);
      look();
    });
  }

  said(text: string): Promise<Line> {
    return this.line(({ message }) => message.includes(text));
  }
}

export interface TestNode {
  readonly node: CoxswainNode;
  readonly logger: MemoryLogger;
  readonly options: NodeOptions;
}

/** A place for directories and certificates, and the nodes that live there. */
export class Yard {
  readonly directory: string;
  readonly #nodes: CoxswainNode[] = [];

  private constructor(directory: string) {
    this.directory = directory;
  }

  static async open(): Promise<Yard> {
    return new Yard(await mkdtemp(join(tmpdir(), "coxswain-node-")));
  }

  path(...names: string[]): string {
    return join(this.directory, ...names);
  }

  /** A node that has not started. Without `--listen` and `--port` it takes a free port. */
  node(argv: readonly string[]): TestNode {
    const listens = argv.some((word) => word === "--listen" || word === "--port");
    const options = loadConfig({
      // Processes run on any machine, and write where tests look.
      argv: [...(listens ? [] : ["--port", "0"]), "--drain-timeout", "5s", "--allow-unlimited-processes", "--process-isolation", "none", ...argv],
      env: {},
      readFile: () => "{}",
    });
    if ("help" in options) throw new Error("help was not asked for");
    const logger = new MemoryLogger();
    const node = new CoxswainNode(logger, (error) => logger.fatal({ err: error }, "fatal"));
    this.#nodes.push(node);
    return { node, logger, options };
  }

  async started(argv: readonly string[]): Promise<TestNode> {
    const made = this.node(argv);
    await made.node.start(made.options);
    return made;
  }

  async destroy(): Promise<void> {
    await Promise.all(this.#nodes.map((node) => node.stop()));
    await rm(this.directory, { recursive: true, force: true });
  }
}

/** The limits of a server whose node has these flags. */
export function limitsOf(argv: readonly string[]): LimitOptions {
  const options = loadConfig({ argv, env: {}, readFile: () => "{}" });
  if ("help" in options) throw new Error("help was not asked for");
  return options;
}

/** Ports that were free a moment ago. */
export async function freePorts(count: number): Promise<number[]> {
  const servers = Array.from({ length: count }, () => createServer());
  await Promise.all(servers.map((server) => new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve))));
  const ports = servers.map((server) => (server.address() as AddressInfo).port);
  await Promise.all(servers.map((server) => new Promise((resolve) => server.close(resolve))));
  return ports;
}

/** A CA in files, and certificates of it. */
export class Certificates {
  /** For certificates that should not exist. */
  readonly authority: KeyedCertificate;
  readonly #directory: string;
  readonly caPath: string;

  private constructor(ca: KeyedCertificate, directory: string, caPath: string) {
    this.authority = ca;
    this.#directory = directory;
    this.caPath = caPath;
  }

  static async create(directory: string, name = "ca"): Promise<Certificates> {
    const ca = await createCa({ clusterName: name });
    const caPath = join(directory, `${name}.crt`);
    await writeFile(caPath, ca.certificate);
    return new Certificates(ca, directory, caPath);
  }

  /** Writes a certificate and its key, in place of those of the same name; gives the flags for them. */
  async flags(kind: CertificateKind, name: string): Promise<string[]> {
    const issued = await issueCertificate({ ca: this.authority, kind, name, days: 1 });
    const [cert, key] = [join(this.#directory, `${name}.crt`), join(this.#directory, `${name}.key`)];
    await writeFile(cert, issued.certificate);
    await writeFile(key, issued.privateKey, { mode: 0o600 });
    return ["--ca-cert", this.caPath, "--cert", cert, "--key", key];
  }

  /** What a client of the cluster connects with. */
  async client(kind: CertificateKind, name: string): Promise<{ ca: string; cert: string; key: string }> {
    await this.flags(kind, name);
    return { ca: this.caPath, cert: join(this.#directory, `${name}.crt`), key: join(this.#directory, `${name}.key`) };
  }
}

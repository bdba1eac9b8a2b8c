import { execFile } from "node:child_process";
import { access, constants } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";
import { bwrapArgv } from "./bwrap-argv.ts";
import { unshareArgv } from "./unshare-argv.ts";
import { PRIVATE_TMP } from "./view.ts";
import type { SandboxView } from "./view.ts";

const run = promisify(execFile);
/** nobody. A node that is not root runs its tasks as itself, which is unprivileged already. */
const NOBODY = 65_534;
const TRIAL_LIMIT_MS = 10_000;
const TRIAL_TMPFS_BYTES = 4_096;

/** User and group to start as; empty when the node has no privilege to give up. */
export type Identity = { readonly uid: number; readonly gid: number } | Record<never, never>;

/** The programs that can make a sandbox. */
export type SandboxTool = "bwrap" | "unshare";

/** Arguments up to the program's own. */
type Wrap = (view: SandboxView) => readonly string[];

/** One way to make sandboxes here, found and tried. */
export class Sandbox {
  readonly tool: SandboxTool;
  readonly identity: Identity;
  /** What the tasks see of the machine. */
  readonly readOnlyPaths: readonly string[];
  readonly #wrap: Wrap;

  private constructor(tool: SandboxTool, readOnlyPaths: readonly string[], wrap: Wrap) {
    this.tool = tool;
    this.readOnlyPaths = readOnlyPaths;
    this.#wrap = wrap;
    this.identity = process.getuid?.() === 0 ? { uid: NOBODY, gid: NOBODY } : {};
  }

  /**
   * The first of the tools that works.
   *
   * @param path where they are looked for
   * @returns the reasons, as a sentence's end, when none does
   */
  static async open(tools: readonly SandboxTool[], readOnlyPaths: readonly string[], path: string): Promise<Sandbox | string> {
    const reasons: string[] = [];
    for (const tool of tools) {
      const wrap = await OPENERS[tool](path);
      const sandbox = typeof wrap === "string" ? wrap : await new Sandbox(tool, readOnlyPaths, wrap).#tried();
      if (typeof sandbox !== "string") return sandbox;
      reasons.push(sandbox);
    }
    return reasons.join("; ") || "switched off";
  }

  /** @param directory as it is called inside */
  argv(directory: string, tmpfsBytes: number, argv: readonly string[]): readonly string[] {
    return [...this.#wrap({ readOnlyPaths: this.readOnlyPaths, tmpfsBytes, directory }), ...argv];
  }

  /** A kernel or container may forbid any of the namespaces; only trying tells. */
  async #tried(): Promise<Sandbox | string> {
    try {
      const [program = "", ...argv] = this.argv(PRIVATE_TMP, TRIAL_TMPFS_BYTES, ["/bin/sh", "-c", ":"]);
      await run(program, argv, { cwd: "/", env: {}, timeout: TRIAL_LIMIT_MS, ...this.identity });
      return this;
    } catch (error) {
      const { stderr, message } = error as Error & { stderr?: string };
      return `${this.tool} does not work here: ${(stderr ?? "").trim() || message}`;
    }
  }
}

/** Each resolves with the reason if the tool is not there. */
const OPENERS: Readonly<Record<SandboxTool, (path: string) => Promise<Wrap | string>>> = { bwrap: openBwrap, unshare: openUnshare };

async function openBwrap(path: string): Promise<Wrap | string> {
  const bwrap = await find("bwrap", path);
  return bwrap === undefined ? "bwrap (bubblewrap) is not installed" : (view) => [bwrap, ...bwrapArgv(view)];
}

async function openUnshare(path: string): Promise<Wrap | string> {
  const [unshare, setpriv] = await Promise.all([find("unshare", path), find("setpriv", path)]);
  if (unshare === undefined || setpriv === undefined) return "unshare and setpriv (util-linux) are not installed";
  const uid = process.getuid?.() ?? 0;
  const user = uid === 0 ? { uid: NOBODY, gid: NOBODY } : { uid, gid: process.getgid?.() ?? NOBODY };
  return (view) => unshareArgv({ unshare, setpriv }, view, user);
}

async function find(program: string, path: string): Promise<string | undefined> {
  for (const folder of path.split(":")) {
    const file = join(folder, program);
    const found = await access(file, constants.X_OK).then(() => true, () => false);
    if (folder !== "" && found) return file;
  }
  return undefined;
}

import { execFile } from "node:child_process";
import { access, constants } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";
import { bwrapArgv, PRIVATE_TMP } from "./bwrap-argv.ts";
import type { SandboxView } from "./bwrap-argv.ts";

const run = promisify(execFile);
/** nobody. A node that is not root runs its tasks as itself, which is unprivileged already. */
const NOBODY = 65_534;
const TRIAL_LIMIT_MS = 10_000;

/** User and group to start as; empty when the node has no privilege to give up. */
export type Identity = { readonly uid: number; readonly gid: number } | Record<never, never>;

/** bubblewrap, found and tried. */
export class Sandbox {
  readonly view: SandboxView;
  readonly identity: Identity;
  readonly #bwrap: string;

  private constructor(bwrap: string, view: SandboxView) {
    this.#bwrap = bwrap;
    this.view = view;
    this.identity = process.getuid?.() === 0 ? { uid: NOBODY, gid: NOBODY } : {};
  }

  /** @returns the reason, as a sentence's end, when the machine cannot */
  static async open(view: SandboxView, path: string): Promise<Sandbox | string> {
    const bwrap = await findBwrap(path);
    if (bwrap === undefined) return "bwrap (bubblewrap) is not installed";
    const sandbox = new Sandbox(bwrap, view);
    try {
      // A kernel or container may forbid any of the namespaces; only trying tells.
      const [program = "", ...argv] = sandbox.argv(PRIVATE_TMP, ["/bin/sh", "-c", ":"]);
      await run(program, argv, { cwd: "/", env: {}, timeout: TRIAL_LIMIT_MS, ...sandbox.identity });
      return sandbox;
    } catch (error) {
      const { stderr, message } = error as Error & { stderr?: string };
      return `bwrap does not work here: ${(stderr ?? "").trim() || message}`;
    }
  }

  /** @param directory as it is called inside */
  argv(directory: string, argv: readonly string[]): readonly string[] {
    return [this.#bwrap, ...bwrapArgv(this.view, directory), ...argv];
  }
}

async function findBwrap(path: string): Promise<string | undefined> {
  for (const folder of path.split(":")) {
    const file = join(folder, "bwrap");
    const found = await access(file, constants.X_OK).then(() => true, () => false);
    if (folder !== "" && found) return file;
  }
  return undefined;
}

/**
 * The databases of the replicated state, as directories beside each other:
 *
 *     <root>/CURRENT_STATE        the name of the one in use
 *     <root>/state-<index>/       a LevelDB database
 *
 * The pointer is replaced whole: a new file is written, synced and renamed over the old one, and
 * the directory is synced, so that a crash leaves the old name or the new one (G18).
 */
import { mkdir, open, readdir, readFile, rename, rm } from "node:fs/promises";
import { join } from "node:path";
import { Level } from "level";
import type { StateDatabase, StateDirectory } from "@coxswain/state-machine";

const POINTER = "CURRENT_STATE";
const NAME = /^state-[0-9]+(-[0-9]+)?$/;
const MIB = 1024 * 1024;
const WRITE_BUFFER_BYTES = 8 * MIB;

/** Which state is in use cannot be told. */
export class StatePointerError extends Error {
  readonly code = "STATE_POINTER_DAMAGED";
  readonly category = "internal";

  constructor(path: string, root: string) {
    super(
      `${path} names no state. Move ${root} away and start again: the state is made anew from the log, as far back as that reaches.`,
    );
    this.name = "StatePointerError";
  }
}

export class LevelStateDirectory implements StateDirectory {
  /** LevelDB keeps at most two logs, each a write larger than its buffer at most. */
  readonly writeAheadBytes: number = 4 * WRITE_BUFFER_BYTES;
  readonly #root: string;

  private constructor(root: string) {
    this.#root = root;
  }

  /** Creates the directory when there is none. */
  static async open(root: string): Promise<LevelStateDirectory> {
    await mkdir(root, { recursive: true, mode: 0o700 });
    return new LevelStateDirectory(root);
  }

  async open(name: string): Promise<StateDatabase> {
    const db = new Level<string, Uint8Array>(this.#path(name), {
      keyEncoding: "utf8",
      valueEncoding: "view",
      writeBufferSize: WRITE_BUFFER_BYTES,
      cacheSize: 32 * MIB,
    });
    await db.open();
    await this.#sync(this.#root);
    return db as unknown as StateDatabase;
  }

  async current(): Promise<string | undefined> {
    const text = await readFile(join(this.#root, POINTER), "utf8").catch((error: unknown) => {
      if (isMissing(error)) return undefined;
      throw error;
    });
    const name = text?.trim();
    if (name === undefined || NAME.test(name)) return name;
    throw new StatePointerError(join(this.#root, POINTER), this.#root);
  }

  async switchTo(name: string): Promise<void> {
    const path = join(this.#root, POINTER);
    const file = await open(`${path}.new`, "w", 0o600);
    try {
      await file.writeFile(`${this.#checked(name)}\n`);
      await file.sync();
    } finally {
      await file.close();
    }
    await rename(`${path}.new`, path);
    await this.#sync(this.#root);
  }

  async destroy(name: string): Promise<void> {
    await rm(this.#path(name), { recursive: true, force: true });
    await this.#sync(this.#root);
  }

  async list(): Promise<string[]> {
    const entries = await readdir(this.#root, { withFileTypes: true });
    return entries.filter((entry) => entry.isDirectory() && NAME.test(entry.name)).map((entry) => entry.name);
  }

  #path(name: string): string {
    return join(this.#root, this.#checked(name));
  }

  #checked(name: string): string {
    if (NAME.test(name)) return name;
    throw new RangeError(`"${name}" is no name of a state.`);
  }

  async #sync(path: string): Promise<void> {
    const directory = await open(path, "r");
    try {
      await directory.sync();
    } finally {
      await directory.close();
    }
  }
}

function isMissing(error: unknown): boolean {
  return typeof error === "object" && error !== null && "code" in error && error.code === "ENOENT";
}

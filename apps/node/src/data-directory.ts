/**
 * What lies where in a node's data directory.
 *
 * ```
 * identity.json   cluster id, node uuid, founding members, number of starts
 * raft/           the replicated log
 * state/          the job store, one directory for each installed snapshot
 * damaged-<time>/ a state that was found damaged and has been replaced; the newest only, for whoever looks into it
 * worker/         results that are not yet known to be applied, records of started processes and guarded containers
 * spool/          output of finished attempts
 * ```
 */
import { access, constants, mkdir } from "node:fs/promises";
import { dirname, join, resolve } from "node:path";

export interface DataDirectory {
  readonly root: string;
  readonly raft: string;
  readonly state: string;
  readonly results: string;
  readonly processes: string;
  readonly guard: string;
  readonly spool: string;
}

/** The data directory cannot be used. */
export class DataDirectoryError extends Error {
  readonly code = "DATA_DIRECTORY_UNUSABLE";
  readonly category = "invalid";

  constructor(path: string, cause: unknown) {
    const reason = cause instanceof Error ? cause.message : String(cause);
    super(`${path} cannot hold this node's data: ${reason}. Name with --data-dir a directory that this user may write to.`, { cause });
    this.name = "DataDirectoryError";
  }
}

/**
 * Creates what is missing, readable by this user only: payloads and output lie in here.
 * @throws DataDirectoryError
 */
export async function openDataDirectory(path: string): Promise<DataDirectory> {
  const root = resolve(path);
  const directory = {
    root,
    raft: join(root, "raft"),
    state: join(root, "state"),
    results: join(root, "worker", "results"),
    processes: join(root, "worker", "processes"),
    guard: join(root, "worker", "guard"),
    spool: join(root, "spool"),
  };
  try {
    for (const part of Object.values(directory)) {
      await makeDirectory(part);
      await access(part, constants.R_OK | constants.W_OK | constants.X_OK);
    }
  } catch (error) {
    throw new DataDirectoryError(root, error);
  }
  return directory;
}

/**
 * Makes a directory and those above it. Not by `recursive`, which never ends where the file system says of a new
 * directory that its parent is missing, as procfs does.
 */
async function makeDirectory(path: string): Promise<void> {
  try {
    await mkdir(path, { mode: 0o700 });
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === "EEXIST") return;
    if (code !== "ENOENT" || dirname(path) === path) throw error;
    await makeDirectory(dirname(path));
    await mkdir(path, { mode: 0o700 });
  }
}

import { readFile, readdir } from "node:fs/promises";
import { isShortage } from "@coxswain/executor";

/**
 * Ends a container's processes without the engine. They are found by their marker, which is in
 * the environment of the container's init; with it the kernel ends the whole container. Rejects when the process table
 * cannot be read, as when descriptors run out.
 *
 * @returns whether it is certain that none is left; it never is for users who may not read the
 *   environment of others
 */
export async function endMarked(marker: string): Promise<boolean> {
  if (process.platform !== "linux" || process.getuid?.() !== 0) return false;
  const entry = `COX_RUN=${marker}`;
  const pids = (await readdir("/proc")).map(Number).filter((pid) => pid > 1 && pid !== process.pid);
  let found = 0;
  // One after the other: all at once they would want a descriptor each.
  for (const pid of pids) {
    if (!(await carries(pid, entry))) continue;
    kill(pid);
    found += 1;
  }
  return found === 0;
}

async function carries(pid: number, entry: string): Promise<boolean> {
  try {
    const environment = await readFile(`/proc/${pid}/environ`, "latin1");
    return environment.includes(entry) && environment.split("\0").includes(entry);
  } catch (error) {
    if (isShortage(error)) throw error;
    return false;
  }
}

function kill(pid: number): void {
  try {
    process.kill(pid, "SIGKILL");
  } catch {
    // Gone by itself.
  }
}

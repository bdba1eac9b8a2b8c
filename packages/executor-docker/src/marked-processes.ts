import { readFile, readdir } from "node:fs/promises";

/**
 * Ends a container's processes without the engine. They are found by their marker, which is in
 * the environment of the container's init; with it the kernel ends the whole container.
 *
 * @returns whether it is certain that none is left; it never is for users who may not read the
 *   environment of others
 */
export async function endMarked(marker: string): Promise<boolean> {
  if (process.platform !== "linux" || process.getuid?.() !== 0) return false;
  const entry = `COX_RUN=${marker}`;
  const pids = (await readdir("/proc")).map(Number).filter((pid) => pid > 1 && pid !== process.pid);
  const marked = await Promise.all(pids.map((pid) => carries(pid, entry)));
  const found = pids.filter((_, i) => marked[i]);
  for (const pid of found) kill(pid);
  return found.length === 0;
}

async function carries(pid: number, entry: string): Promise<boolean> {
  try {
    const environment = await readFile(`/proc/${pid}/environ`, "latin1");
    return environment.includes(entry) && environment.split("\0").includes(entry);
  } catch {
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

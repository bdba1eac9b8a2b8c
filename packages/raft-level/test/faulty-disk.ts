/** Compiles and describes the failing disk of faulty-disk.c. */
import { spawnSync } from "node:child_process";
import { cp, readdir, readFile, stat, truncate } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

/** Why there can be no failing disk on this machine; `undefined` when there can. */
export function faultyDiskMissing(): string | undefined {
  if (process.platform !== "linux") return "a failing disk is preloaded, which needs Linux";
  if (spawnSync("gcc", ["--version"]).status !== 0)
    return "a failing disk needs gcc: apt-get install gcc libc6-dev";
  return undefined;
}

/** Compiles it into `directory`; returns the library to preload. */
export function compileFaultyDisk(directory: string): string {
  const source = fileURLToPath(new URL("faulty-disk.c", import.meta.url));
  const library = join(directory, "faulty-disk.so");
  const { status, stderr } = spawnSync("gcc", [
    "-shared",
    "-fPIC",
    "-O1",
    "-o",
    library,
    source,
    "-ldl",
    "-lpthread",
  ]);
  if (status !== 0) throw new Error(`gcc: ${String(stderr)}`);
  return library;
}

/** Copies a directory as a power cut would leave it: of each file what was synced, by the notes of the disk. */
export async function afterPowerCut(directory: string, notes: string, copy: string): Promise<string> {
  // Without notes no sync ever succeeded.
  const lines = await readFile(notes, "utf8").catch(() => "");
  const synced = new Map(
    lines
      .trim()
      .split("\n")
      .map((line) => line.split(" "))
      .map(([inode = "", sizeBytes = ""]) => [Number(inode), Number(sizeBytes)]),
  );
  await cp(directory, copy, { recursive: true });
  for (const name of await readdir(directory)) {
    const { ino, size } = await stat(join(directory, name));
    await truncate(join(copy, name), Math.min(size, synced.get(ino) ?? 0));
  }
  return copy;
}

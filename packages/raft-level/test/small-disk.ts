/** A file system of a few megabytes that a test may fill. */
import { execFileSync, spawnSync } from "node:child_process";
import { mkdtempSync, rmdirSync } from "node:fs";
import { open, rm, statfs } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";

/** Why there can be no small disk on this machine; `undefined` when there can. */
export function smallDiskMissing(): string | undefined {
  if (process.platform !== "linux" || process.getuid?.() !== 0)
    return "a small disk is a tmpfs, which needs Linux and root";
  const place = mkdtempSync(join(tmpdir(), "raft-level-probe-"));
  const mounted = spawnSync("mount", ["-t", "tmpfs", "-o", "size=64k", "tmpfs", place]).status === 0;
  if (mounted) execFileSync("umount", [place]);
  rmdirSync(place);
  return mounted ? undefined : "a tmpfs cannot be mounted here: run with the capability CAP_SYS_ADMIN";
}

export class SmallDisk implements AsyncDisposable {
  readonly path: string;

  constructor(sizeBytes: number) {
    this.path = mkdtempSync(join(tmpdir(), "raft-level-disk-"));
    execFileSync("mount", ["-t", "tmpfs", "-o", `size=${sizeBytes}`, "tmpfs", this.path]);
  }

  async freeBytes(): Promise<number> {
    const { bavail, bsize } = await statfs(this.path);
    return bavail * bsize;
  }

  /** Takes all the room there is. */
  async fill(): Promise<void> {
    const ballast = await open(join(this.path, "ballast"), "a");
    try {
      await ballast.writeFile(Buffer.alloc(await this.freeBytes()));
    } finally {
      await ballast.close();
    }
  }

  /** Gives back what {@link fill} took. */
  async makeRoom(): Promise<void> {
    await rm(join(this.path, "ballast"));
  }

  /** As when it is replaced by a larger one. */
  grow(sizeBytes: number): void {
    execFileSync("mount", ["-o", `remount,size=${sizeBytes}`, this.path]);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    execFileSync("umount", ["-l", this.path]);
    rmdirSync(this.path);
    return Promise.resolve();
  }
}

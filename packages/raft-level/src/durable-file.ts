/**
 * A small file that is always either the old one or the new one, also after a power cut.
 */
import { open, rename, unlink } from "node:fs/promises";
import { dirname } from "node:path";

/** Replaces `file`; resolves when the new content would survive a power cut. */
export async function replaceFile(file: string, content: Uint8Array): Promise<void> {
  const temporary = `${file}.new`;
  try {
    const handle = await open(temporary, "w", 0o600);
    try {
      await handle.writeFile(content);
      await handle.sync();
    } finally {
      await handle.close();
    }
    await rename(temporary, file);
  } catch (error) {
    // The first failure is the one to tell; a leftover is overwritten by the next attempt.
    await unlink(temporary).catch(() => {});
    throw error;
  }
  await syncDirectory(dirname(file));
}

/** Makes the names in a directory durable. */
export async function syncDirectory(directory: string): Promise<void> {
  const handle = await open(directory, "r");
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}

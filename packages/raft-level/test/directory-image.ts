/** The files of a log, held in memory, to be laid out again with one of them damaged. */
import { mkdir, readdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";

export class DirectoryImage {
  readonly #files: ReadonlyMap<string, Buffer>;

  private constructor(files: ReadonlyMap<string, Buffer>) {
    this.#files = files;
  }

  /** All that matters to LevelDB; not its lock and its own log of events. */
  static async of(directory: string): Promise<DirectoryImage> {
    const names = (await readdir(directory)).filter((name) => !name.startsWith("LO"));
    return new DirectoryImage(
      new Map(
        await Promise.all(names.map(async (name) => [name, await readFile(join(directory, name))] as const)),
      ),
    );
  }

  /** The names that end or begin so, sorted. */
  names(pattern: RegExp): string[] {
    return [...this.#files.keys()].filter((name) => pattern.test(name)).sort();
  }

  bytes(name: string): Buffer {
    const bytes = this.#files.get(name);
    if (!bytes) throw new Error(`there is no ${name} among ${this.names(/./).join(", ")}`);
    return bytes;
  }

  /** Lays the files out in a new directory, those in `changed` with other content, or left out. */
  async layOut(directory: string, changed: Record<string, Uint8Array | undefined> = {}): Promise<string> {
    await mkdir(directory, { recursive: true });
    const files = [...Object.entries(Object.fromEntries(this.#files)), ...Object.entries(changed)];
    const last = new Map(files);
    await Promise.all([...last].map(([name, bytes]) => bytes && writeFile(join(directory, name), bytes)));
    return directory;
  }

  /** As {@link layOut}, with one bit of one file flipped. */
  layOutFlipped(directory: string, name: string, bit: number): Promise<string> {
    const bytes = Buffer.from(this.bytes(name));
    bytes[bit >> 3]! ^= 1 << (bit & 7);
    return this.layOut(directory, { [name]: bytes });
  }
}

import { mkdir, readFile, rmdir, writeFile } from "node:fs/promises";

/** The file system of cgroups, as far as it is used; a test gives another. */
export interface CgroupFiles {
  mkdir(directory: string): Promise<void>;
  /** The file exists already: the kernel makes it with its directory. */
  write(file: string, text: string): Promise<void>;
  read(file: string): Promise<string>;
  /** Fails with EBUSY while a process is inside; control files do not count. */
  rmdir(directory: string): Promise<void>;
}

export const cgroupFiles: CgroupFiles = {
  mkdir: async (directory) => void (await mkdir(directory)),
  write: (file, text) => writeFile(file, text, { flag: "r+" }),
  read: (file) => readFile(file, "latin1"),
  rmdir: (directory) => rmdir(directory),
};

/** The system's word for what went wrong, such as `ENOENT`. */
export const errnoOf = (error: unknown): string | undefined => (error as NodeJS.ErrnoException).code;

import { existsSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { KeyedCertificate } from "@coxswain/pki";
import { FileError, FileExistsError } from "./errors.ts";

/** `<dir>/<name>.crt` and `<dir>/<name>.key`. */
export function certificatePaths(dir: string, name: string): KeyedCertificate {
  return { certificate: join(dir, `${name}.crt`), privateKey: join(dir, `${name}.key`) };
}

/**
 * Writes both files, readable for their owner only. Returns their paths.
 *
 * @throws FileExistsError when one is there and `force` is not said; then nothing is written
 */
export function writeKeyed(
  dir: string,
  name: string,
  pair: KeyedCertificate,
  force: boolean,
): KeyedCertificate {
  const paths = certificatePaths(dir, name);
  try {
    mkdirSync(dir, { recursive: true, mode: 0o700 });
    if (!force) {
      for (const path of [paths.privateKey, paths.certificate])
        if (existsSync(path)) throw new FileExistsError(path);
    }
    writePrivate(paths.privateKey, pair.privateKey, force);
    writePrivate(paths.certificate, pair.certificate, force);
  } catch (cause) {
    if (cause instanceof FileExistsError) throw cause;
    throw new FileError(`Cannot write to ${dir}: check that it is a directory in which you may write.`, {
      cause,
    });
  }
  return paths;
}

/** A new file takes the old one's place whole: a mode is only given at creation, and a link is not followed. */
function writePrivate(path: string, text: string, force: boolean): void {
  if (!force) {
    writeFileSync(path, text, { mode: 0o600, flag: "wx" });
    return;
  }
  const next = `${path}.new`;
  rmSync(next, { force: true });
  writeFileSync(next, text, { mode: 0o600, flag: "wx" });
  renameSync(next, path);
}

/** @throws FileError */
export function readKeyed(dir: string, name: string): KeyedCertificate {
  const paths = certificatePaths(dir, name);
  return { certificate: readText(paths.certificate), privateKey: readText(paths.privateKey) };
}

/** @throws FileError */
export function readText(path: string): string {
  try {
    return readFileSync(path, "utf8");
  } catch (cause) {
    const advice =
      path.endsWith("ca.key") || path.endsWith("ca.crt")
        ? "make a CA with `cox cert init`, or name its place with --dir"
        : "check the path";
    throw new FileError(`Cannot read ${path}: ${advice}.`, { cause });
  }
}

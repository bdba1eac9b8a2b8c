/**
 * What must be true of a log's directory before LevelDB, which forgives too much, may open it.
 */
import { mkdir, readdir, readFile, stat, unlink } from "node:fs/promises";
import { dirname, join } from "node:path";
import { syncDirectory } from "./durable-file.ts";
import { LogDamagedError, LogMissingError } from "./errors.ts";
import { fieldOf } from "./foreign-error.ts";
import type { Manifest } from "./manifest.ts";
import { readManifest } from "./manifest.ts";
import { isComplete, readRecords } from "./record-file.ts";
import { findTableDamage } from "./sorted-table.ts";

/** A last write that a crash tore. LevelDB leaves it out, as if it had never been made (G16). */
export interface TornWrite {
  readonly file: string;
  readonly atByte: number;
}

/**
 * Makes the directory if need be. Refuses one that holds the remains of a log, or one with a
 * flipped bit or a missing file; returns the torn last write, if there is one.
 */
export async function prepareDirectory(
  directory: string,
  mustExist: boolean,
): Promise<TornWrite | undefined> {
  if ((await mkdir(directory, { recursive: true })) !== undefined) await syncDirectory(dirname(directory));
  const files = await readdir(directory);
  const remains = await filesWithRecords(directory, files);
  const hasCurrent = files.includes("CURRENT");
  if (hasCurrent && (remains.length > 0 || !(await isUnfinished(directory)))) return checkFiles(directory, files);
  // Without CURRENT, LevelDB would start an empty log beside the files of the old one.
  if (remains.length > 0)
    throw new LogDamagedError(directory, `the file CURRENT is missing beside ${remains.join(", ")}`);
  if (mustExist) throw new LogMissingError(directory);
  if (hasCurrent) await unlink(join(directory, "CURRENT"));
  return undefined;
}

async function filesWithRecords(directory: string, files: readonly string[]): Promise<string[]> {
  const found: string[] = [];
  for (const name of files.filter((each) => /\.(ldb|sst|log)$/.test(each)))
    if ((await stat(join(directory, name))).size > 0) found.push(name);
  return found;
}

/**
 * Whether LevelDB never got as far as to open: by then it has written its second manifest. It does
 * not sync the first, so that after a power cut it may not be able to read it.
 */
async function isUnfinished(directory: string): Promise<boolean> {
  return (await readFile(join(directory, "CURRENT"), "latin1")) === "MANIFEST-000001\n";
}

async function checkFiles(directory: string, files: readonly string[]): Promise<TornWrite | undefined> {
  const manifest = await loadManifest(directory, files);
  for (const [number, sizeBytes] of manifest.tables) await checkTable(directory, files, number, sizeBytes);
  const logs = files
    .filter((name) => name.endsWith(".log") && Number.parseInt(name) >= manifest.logNumber)
    .sort((a, b) => Number.parseInt(a) - Number.parseInt(b));
  // The first manifest of all is written before there is a write-ahead log; it names none.
  const expected = fileName(manifest.logNumber, "log");
  if (manifest.logNumber > 0 && !logs.includes(expected))
    throw new LogDamagedError(directory, `the file ${expected} is missing`);
  let torn: TornWrite | undefined;
  for (const name of logs) torn = await checkWriteAheadLog(directory, name, name === logs.at(-1));
  return torn;
}

async function loadManifest(directory: string, files: readonly string[]): Promise<Manifest> {
  const current = await readFile(join(directory, "CURRENT"), "latin1");
  const [, name] = /^(MANIFEST-\d+)\n$/.exec(current) ?? [];
  if (name === undefined)
    throw new LogDamagedError(directory, `${join(directory, "CURRENT")} does not name a manifest`);
  if (!files.includes(name))
    throw new LogDamagedError(directory, `the file ${name} is missing, which CURRENT names`);
  const file = join(directory, name);
  const bytes = await readFile(file);
  const { records, flaw } = readRecords(bytes);
  // LevelDB forgives a manifest that ends in the middle of a record, and so do we.
  if (flaw && (flaw.kind === "damaged" || isComplete(bytes, flaw.offset))) {
    throw new LogDamagedError(directory, `${file} has a bad record at byte ${flaw.offset}`);
  }
  try {
    return readManifest(records);
  } catch (error) {
    throw new LogDamagedError(directory, `${file} cannot be read: ${String(fieldOf(error, "message"))}`, {
      cause: error,
    });
  }
}

async function checkTable(
  directory: string,
  files: readonly string[],
  number: number,
  sizeBytes: number,
): Promise<void> {
  const name = [fileName(number, "ldb"), fileName(number, "sst")].find((each) => files.includes(each));
  if (name === undefined)
    throw new LogDamagedError(directory, `the file ${fileName(number, "ldb")} is missing`);
  const file = join(directory, name);
  const bytes = await readFile(file);
  if (bytes.length !== sizeBytes)
    throw new LogDamagedError(directory, `${file} has ${bytes.length} bytes instead of ${sizeBytes}`);
  const damage = findTableDamage(bytes);
  if (damage !== undefined) throw new LogDamagedError(directory, `${file} is damaged: ${damage}`);
}

/** A write is made in the newest write-ahead log: only there can one be torn. */
async function checkWriteAheadLog(
  directory: string,
  name: string,
  newest: boolean,
): Promise<TornWrite | undefined> {
  const file = join(directory, name);
  const { flaw } = readRecords(await readFile(file));
  if (!flaw) return undefined;
  if (flaw.kind === "torn" && newest) return { file, atByte: flaw.offset };
  throw new LogDamagedError(
    directory,
    `${file} has a bad record at byte ${flaw.offset}, with whole ones after it`,
  );
}

function fileName(number: number, extension: string): string {
  return `${String(number).padStart(6, "0")}.${extension}`;
}

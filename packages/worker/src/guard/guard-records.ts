/**
 * What earlier guards of this node left on disk (written by guard-record.mjs), and how they are relieved.
 */
import { readdir, readFile, rm } from "node:fs/promises";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { isShortage } from "@coxswain/executor";
import type { ContainerTarget, Logger } from "@coxswain/executor";

/** A guard of an earlier start of the node, alive or not. */
export interface GuardRecord {
  readonly file: string;
  readonly pid: number;
  /** Field 22 of its stat: tells a reused number apart. */
  readonly startTime: string;
  /** On the clock of {@link uptimeMs}; 0 when it never had a lease. */
  readonly leaseEndUptimeMs: number;
  readonly targets: readonly ContainerTarget[];
}

const GONE_WITHIN_MS = 5_000;
const LOOK_AGAIN_MS = 5;

/** Records of this boot of the machine; those of earlier ones are removed, with the containers they named long gone. */
export async function guardRecords(directory: string, but: string | undefined): Promise<GuardRecord[]> {
  const bootId = (await readFile("/proc/sys/kernel/random/boot_id", "latin1")).trim();
  const names = await readdir(directory);
  await Promise.all(names.filter(isAbandoned).map((name) => rm(join(directory, name), { force: true })));
  const finished = names.filter((name) => name.endsWith(".json") && name !== but);
  const records = await Promise.all(finished.map((name) => read(join(directory, name), bootId)));
  return records.flat();
}

/** What a guard that was killed was just writing; one that lives finishes it, and removes it when it goes. */
function isAbandoned(name: string): boolean {
  const [, pid, startTime] = /^(\d+)-(\d*)\.json\.new$/.exec(name) ?? [];
  return pid !== undefined && startTime !== undefined && !isAlive(Number(pid), startTime);
}

async function read(file: string, bootId: string): Promise<GuardRecord[]> {
  const text = await readFile(file, "utf8").catch(nothingIfGone);
  if (text === undefined) return [];
  const record = parsed(text);
  const { pid, startTime, leaseEndUptimeMs, targets } = record;
  if (record.bootId !== bootId || pid === undefined || startTime === undefined || targets === undefined) {
    await rm(file, { force: true });
    return [];
  }
  return [{ file, pid, startTime, leaseEndUptimeMs: leaseEndUptimeMs ?? 0, targets }];
}

/** A guard that has finished takes its record along, perhaps while it is looked at. */
function nothingIfGone(error: unknown): undefined {
  if ((error as NodeJS.ErrnoException).code !== "ENOENT") throw error;
}

/** What cannot be read was torn by a power cut, and so is of an earlier boot. */
function parsed(text: string): Partial<GuardRecord> & { readonly bootId?: string } {
  try {
    return (JSON.parse(text) as Partial<GuardRecord> | null) ?? {};
  } catch {
    return {};
  }
}

/**
 * Until when their targets may run. The earliest end counts: a guard that died may have missed renewals, and
 * what is left by several starts of the node is held to what all of them knew.
 */
export function leaseEndOf(records: readonly GuardRecord[]): number {
  const ends = (some: readonly GuardRecord[]): number[] => some.map(({ leaseEndUptimeMs }) => leaseEndUptimeMs);
  const guarding = records.filter(({ targets }) => targets.length > 0);
  return guarding.length > 0 ? Math.min(...ends(guarding)) : Math.max(0, ...ends(records));
}

/**
 * Ends a guard whose targets another one protects by now, and removes its record. Nothing else may be killed: the
 * number is looked at first.
 */
export async function relieve({ file, pid, startTime }: GuardRecord, logger: Logger): Promise<void> {
  const giveUpAt = performance.now() + GONE_WITHIN_MS;
  while (isAlive(pid, startTime)) {
    if (performance.now() > giveUpAt) return logger.warn({ pid }, "an earlier guard cannot be ended; it ends what it guards when its lease does");
    kill(pid);
    await delay(LOOK_AGAIN_MS);
  }
  await rm(file, { force: true });
  await rm(`${file}.new`, { force: true });
}

function isAlive(pid: number, startTime: string): boolean {
  try {
    const text = readFileSync(`/proc/${pid}/stat`, "latin1");
    // The command's name may contain anything, so fields are counted from its last parenthesis.
    const fields = text.slice(text.lastIndexOf(")") + 2).split(" ");
    return fields[19] === startTime && fields[0] !== "Z" && fields[0] !== "X";
  } catch (error) {
    if (isShortage(error)) throw error;
    return false;
  }
}

function kill(pid: number): void {
  try {
    process.kill(pid, "SIGKILL");
  } catch {
    // Gone, or another user's: then it stays.
  }
}

/**
 * What a node does about a state that is damaged or gone (G17): it sets it aside, begins with an empty one, and has it
 * made again, from its log or by a leader.
 */
import { open, readdir, rename, rm } from "node:fs/promises";
import { dirname, join } from "node:path";
import type { RaftNodeEvent } from "@coxswain/raft-core";

interface WarningLogger {
  info(fields: object, message: string): void;
  warn(fields: object, message: string): void;
}

export interface StateOpening<Store> {
  /** The directory of the state; its parent gets what is set aside. */
  readonly path: string;
  /** Opens the state in there, an empty one if there is none. */
  readonly open: () => Promise<Store>;
  readonly now: () => number;
  readonly logger: WarningLogger;
}

const ASIDE_PREFIX = "damaged-";
/** Codes of what a damaged state is refused with. Anything else, such as a disk that cannot be read now, is no reason to give it up. */
const LOSS_CODES: ReadonlySet<unknown> = new Set(["STATE_HOLE", "STATE_POINTER_DAMAGED", "LEVEL_CORRUPTION"]);

/** Opens the state, or an empty one after the damaged one was renamed to `damaged-<time>`. Only the newest of those is kept. */
export async function openState<Store>(opening: StateOpening<Store>): Promise<Store> {
  try {
    return await opening.open();
  } catch (error) {
    if (!isLoss(error)) throw error;
    const aside = await setAside(opening);
    opening.logger.warn(
      { err: error, aside },
      "the state is damaged and was set aside; it is made again from the log, or comes from a leader",
    );
    return await opening.open();
  }
}

/** The database wraps what it failed of. */
function isLoss(error: unknown): boolean {
  if (typeof error !== "object" || error === null) return false;
  return ("code" in error && LOSS_CODES.has(error.code)) || ("cause" in error && isLoss(error.cause));
}

/** One rename, so that a crash leaves the state in its place or aside, whole. */
async function setAside({ path, now, logger }: StateOpening<unknown>): Promise<string> {
  const parent = dirname(path);
  const name = `${ASIDE_PREFIX}${new Date(now()).toISOString().replaceAll(":", "-")}`;
  await rename(path, join(parent, name));
  await syncDirectory(parent);
  for (const other of await readdir(parent)) {
    if (!other.startsWith(ASIDE_PREFIX) || other === name) continue;
    await rm(join(parent, other), { recursive: true, force: true });
    logger.info({ removed: join(parent, other) }, "an older damaged state was removed; only the newest is kept");
  }
  return join(parent, name);
}

async function syncDirectory(path: string): Promise<void> {
  const directory = await open(path, "r");
  try {
    await directory.sync();
  } finally {
    await directory.close();
  }
}

/** Says what is awaited, and, when it takes long and nobody leads, what to do. */
export function describeStateLoss({ leader, waitedMs }: RaftNodeEvent & { readonly type: "stateLost" }): string {
  if (waitedMs === 0) return "the state ends before the log begins: this node votes, and waits for a leader to send it a state";
  if (leader !== 0) return "this node still waits for a state from the leader";
  return (
    "this node still waits for a state, and no leader is known: start the other nodes; " +
    "if every node lost its state, none can send one, and only a backup of a data directory helps"
  );
}

export interface AwaitedState {
  /** Calls back when the state was replaced; returns how to stop that. */
  readonly onRestored: (listener: () => void) => () => void;
  /** Whether it is still to be replaced. */
  readonly isLost: () => boolean;
  readonly signal: AbortSignal;
}

/** Resolves once the state is there; rejects with the signal's reason. An empty state must answer nobody's reads. */
export function stateArrived({ onRestored, isLost, signal }: AwaitedState): Promise<void> {
  return new Promise((resolve, reject) => {
    if (!isLost()) return resolve();
    const callOff = (): void => {
      stopListening();
      reject(signal.reason as Error);
    };
    const stopListening = onRestored(() => {
      signal.removeEventListener("abort", callOff);
      stopListening();
      resolve();
    });
    if (signal.aborted) callOff();
    else signal.addEventListener("abort", callOff, { once: true });
  });
}

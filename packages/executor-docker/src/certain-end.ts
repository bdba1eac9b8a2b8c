import { setTimeout as delay } from "node:timers/promises";
import type { Logger } from "@coxswain/executor";
import type { Engine } from "./engine.ts";
import { endMarked } from "./marked-processes.ts";

const RETRY_MS = 100;

/** A run whose engine does not say what became of it. */
export interface DoubtfulRun {
  /** Or the name, where no answer came with the id. */
  readonly id: string;
  readonly marker: string;
}

/**
 * Resolves when it is certain that nothing of the run is left running: the engine, back again, removes what it still
 * has; without it, the processes are ended one by one.
 *
 * @param engineLossMs how long the engine is waited for once the processes are known to be gone
 * @returns whether the container is gone, too; if not, it goes with the orphans
 */
export async function makeSure({ id, marker }: DoubtfulRun, engine: Engine, engineLossMs: number, logger: Logger): Promise<boolean> {
  const giveUpAt = performance.now() + engineLossMs;
  for (;;) {
    const ended = await endMarked(marker).catch(() => false);
    try {
      await engine.removeRun(id, marker);
      return true;
    } catch (error) {
      if (ended && performance.now() > giveUpAt) {
        logger.error({ err: error, container: id }, "the attempt's processes are ended; its container stays until the engine is back");
        return false;
      }
    }
    await delay(RETRY_MS);
  }
}

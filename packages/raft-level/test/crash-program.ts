/**
 * Waits for a line on stdin; then opens the log and carries out operations, several at a time, until it is killed. Says on
 * stdout `open`, and then `.` for each operation that was acknowledged, in order.
 */
import { readSync, writeSync } from "node:fs";
import { LevelLogStorage } from "../src/level-log-storage.ts";
import type { Operation } from "./log-model.ts";
import { afterOperation, drawOperation, modelOf } from "./log-model.ts";
import { seededRandom } from "./random.ts";

/** Operations under way at a time, at most. */
const WINDOW = 4;
const [directory = "", life = "1", seed = "1"] = process.argv.slice(2);

readSync(0, Buffer.alloc(1));
const storage = await LevelLogStorage.open(directory);
let model = modelOf(await storage.load());
writeSync(1, "open\n");
const random = seededRandom(Number(seed));

function carryOut(operation: Operation): Promise<void> {
  return operation.kind === "append"
    ? storage.append(operation.batch)
    : storage[operation.kind](operation.snapshot);
}

const underWay: Promise<void>[] = [];
for (;;) {
  const operation = drawOperation(model, Number(life), random);
  model = afterOperation(model, operation);
  underWay.push(carryOut(operation).then(() => void writeSync(1, ".\n")));
  if (underWay.length >= WINDOW) await underWay.shift();
}

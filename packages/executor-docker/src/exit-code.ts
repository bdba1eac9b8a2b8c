import type { Readable } from "node:stream";
import { EngineLostError, isLoss, messageOf } from "./docker-errors.ts";

/**
 * What a wait's answer says, once it is whole.
 *
 * @throws {EngineLostError} when it breaks off, or says nothing of the kind
 */
export async function exitCodeIn(response: Readable): Promise<number> {
  let text = "";
  try {
    for await (const piece of response) text += String(piece);
    const { StatusCode, Error: failed } = JSON.parse(text) as { StatusCode?: number; Error?: { Message?: string } | null };
    if (failed?.Message) throw new Error(failed.Message);
    if (StatusCode === undefined) throw new Error("no status");
    return StatusCode;
  } catch (error) {
    const why = isLoss(error) || text === "" ? "the connection broke" : messageOf(error);
    throw new EngineLostError(`The engine did not say how the container ended: ${why}.`, { cause: error });
  }
}

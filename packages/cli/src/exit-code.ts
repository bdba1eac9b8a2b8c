import { CommanderError } from "commander";

/** What the process ends with. Scripts rely on these: they never change their meaning. */
export const exitCodes = {
  ok: 0,
  failed: 1,
  usage: 2,
  notFound: 3,
  denied: 4,
  unavailable: 5,
  conflict: 6,
  unknownOutcome: 7,
  interrupted: 130,
} as const;

const byCategory: ReadonlyMap<unknown, number> = new Map<unknown, number>([
  ["invalid", exitCodes.usage],
  ["not-found", exitCodes.notFound],
  ["denied", exitCodes.denied],
  ["exhausted", exitCodes.unavailable],
  ["unavailable", exitCodes.unavailable],
  ["conflict", exitCodes.conflict],
  ["unknown-outcome", exitCodes.unknownOutcome],
]);

export function exitCodeOf(error: unknown): number {
  if (error instanceof CommanderError) return error.exitCode === 0 ? exitCodes.ok : exitCodes.usage;
  const category =
    typeof error === "object" && error !== null && "category" in error ? error.category : undefined;
  return byCategory.get(category) ?? exitCodes.failed;
}

export const exitCodeHelp = `
Exit codes:
  0  done                             4  not allowed
  1  failed, or the awaited job did   5  no server, no leader, or full: try later
  2  wrong usage                      6  in conflict with what is there
  3  not found                        7  outcome unknown: repeat with the same id, or look`;

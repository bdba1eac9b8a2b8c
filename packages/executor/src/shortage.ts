const SHORTAGES = new Set(["EAGAIN", "ENOMEM", "EMFILE", "ENFILE"]);

/**
 * Whether the machine lacked, for the moment, what it takes to do or to look, such as descriptors: then nothing is
 * known of what was asked for. For authors of executors.
 */
export function isShortage(error: unknown): boolean {
  return SHORTAGES.has((error as NodeJS.ErrnoException | undefined)?.code ?? "");
}

/**
 * Lets through the first lines of each source in a while, and counts the rest: whoever can cause a line at will
 * must be able to fill neither the disk nor the view.
 */

export interface FloodGateOptions {
  /** Lines of one source in one window. */
  readonly linesPerWindow: number;
  readonly windowMs: number;
  /** Sources that are told apart; those beyond share one count. */
  readonly maxSources: number;
  readonly after: (delayMs: number, callback: () => void) => () => void;
  /** Told at the end of a window of each source that was held back, with how often. */
  readonly onHeldBack: (source: string, count: number) => void;
}

/** What sources beyond the limit are called. */
export const OTHER_SOURCES = "others";

export class FloodGate {
  readonly #options: FloodGateOptions;
  readonly #counts = new Map<string, number>();
  #cancel: (() => void) | undefined;

  constructor(options: FloodGateOptions) {
    this.#options = options;
  }

  /** Whether one more of this source is to be written. */
  passes(source: string): boolean {
    const { linesPerWindow, windowMs, maxSources, after } = this.#options;
    this.#cancel ??= after(windowMs, () => this.close());
    const known = this.#counts.has(source) || this.#counts.size < maxSources ? source : OTHER_SOURCES;
    const count = (this.#counts.get(known) ?? 0) + 1;
    this.#counts.set(known, count);
    return count <= linesPerWindow;
  }

  /** Ends the window now, and tells what it held back. */
  close(): void {
    this.#cancel?.();
    this.#cancel = undefined;
    const counts = [...this.#counts];
    this.#counts.clear();
    const { linesPerWindow, onHeldBack } = this.#options;
    for (const [source, count] of counts) if (count > linesPerWindow) onHeldBack(source, count - linesPerWindow);
  }
}

/**
 * A replicated list of lines: the simplest state that shows what was lost, repeated or reordered.
 * It lives in memory and is never called durable, so the log keeps everything and no snapshot is ever asked for.
 */
export class Journal {
  lines = [];
  lastIndex = 0;
  #empty;

  constructor(configuration) {
    this.#empty = { index: 0, term: 0, configuration, featureLevel: 0 };
  }

  /** The result of an entry is its index. */
  async apply(entries) {
    for (const { index, term, type, data } of entries) {
      if (type === "normal") this.lines.push({ index, term, text: new TextDecoder().decode(data) });
      this.lastIndex = index;
    }
    return entries.map(({ index }) => index);
  }

  appliedIndex() {
    return this.lastIndex;
  }

  durable() {
    return this.#empty;
  }

  async snapshot() {
    throw new Error("the log is never compacted, so nobody needs a snapshot");
  }

  async restore() {
    throw new Error("the log is never compacted, so nobody sends a snapshot");
  }
}

/**
 * A replicated key-value state on LevelDB, as a service with more state than memory would have it: each proposal is a key of
 * eight bytes and a value. Applied writes are not synced one by one: the log has them until the next synced one.
 */
import { ClassicLevel } from "classic-level";

const META = Buffer.from("meta");
const FIRST = Buffer.from([0x6b]);
const END = Buffer.from([0x6c]);
const SYNC_EVERY = 16_384;
const CHUNK_BYTES = 256 * 1_024;
const RECORD_HEADER_BYTES = 4;
const KEY_BYTES = 8;
const EMPTY = { index: 0, term: 0, configuration: { voters: [], votersOutgoing: [], learners: [] }, featureLevel: 0 };

const stored = (key) => Buffer.concat([FIRST, key]);

export class LevelState {
  #database;
  #meta;
  #durable;

  static async open(directory) {
    const state = new LevelState();
    state.#database = new ClassicLevel(directory, { keyEncoding: "buffer", valueEncoding: "buffer" });
    await state.#database.open();
    const meta = await state.#database.get(META);
    state.#meta = state.#durable = meta ? JSON.parse(meta.toString()) : EMPTY;
    return state;
  }

  get state() {
    return { count: this.#meta.index };
  }

  async apply(entries) {
    const batch = this.#database.batch();
    for (const { type, data } of entries) {
      if (type === "normal") batch.put(stored(data.subarray(0, KEY_BYTES)), data.subarray(KEY_BYTES));
    }
    const { index, term } = entries.at(-1);
    const meta = { ...this.#meta, index, term };
    const sync = index - this.#durable.index >= SYNC_EVERY;
    batch.put(META, Buffer.from(JSON.stringify(meta)));
    await batch.write({ sync });
    this.#meta = meta;
    if (sync) this.#durable = meta;
    return entries.map(({ index: result }) => result);
  }

  appliedIndex() {
    return this.#meta.index;
  }

  durable() {
    return this.#durable;
  }

  snapshot() {
    const snapshot = this.#database.snapshot();
    return Promise.resolve({ meta: this.#meta, chunks: this.#chunks(snapshot), close: () => snapshot.close() });
  }

  /** Replaces the state: not to be trusted until the last chunk, so it begins by forgetting where it stood. */
  async restore(meta, chunks) {
    await this.#database.put(META, Buffer.from(JSON.stringify(EMPTY)), { sync: true });
    await this.#database.clear({ gte: FIRST, lt: END });
    for await (const chunk of chunks) {
      const batch = this.#database.batch();
      const bytes = Buffer.from(chunk.buffer, chunk.byteOffset, chunk.length);
      for (let at = 0; at < bytes.length; ) {
        const end = at + RECORD_HEADER_BYTES + KEY_BYTES + bytes.readUInt32LE(at);
        const key = bytes.subarray(at + RECORD_HEADER_BYTES, at + RECORD_HEADER_BYTES + KEY_BYTES);
        batch.put(stored(key), bytes.subarray(at + RECORD_HEADER_BYTES + KEY_BYTES, end));
        at = end;
      }
      await batch.write();
    }
    await this.#database.put(META, Buffer.from(JSON.stringify(meta)), { sync: true });
    this.#meta = this.#durable = meta;
  }

  close() {
    return this.#database.close();
  }

  /** Whole records in each chunk. */
  async *#chunks(snapshot) {
    const iterator = this.#database.iterator({ gte: FIRST, lt: END, snapshot });
    try {
      let parts = [];
      let sizeBytes = 0;
      for (let records = await iterator.nextv(512); records.length > 0; records = await iterator.nextv(512)) {
        for (const [key, value] of records) {
          const head = Buffer.allocUnsafe(RECORD_HEADER_BYTES);
          head.writeUInt32LE(value.length, 0);
          parts.push(head, key.subarray(1), value);
          sizeBytes += RECORD_HEADER_BYTES + KEY_BYTES + value.length;
        }
        if (sizeBytes < CHUNK_BYTES) continue;
        yield new Uint8Array(Buffer.concat(parts));
        parts = [];
        sizeBytes = 0;
      }
      if (sizeBytes > 0) yield new Uint8Array(Buffer.concat(parts));
    } finally {
      await iterator.close();
    }
  }
}

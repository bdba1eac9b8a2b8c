/**
 * A replicated key-value state on LevelDB, as a service with more state than memory would have it: each proposal is a key of
 * eight bytes and a value. Applied writes are not synced one by one: the log has them until the next synced one.
 */
import { ClassicLevel } from "classic-level";

const META = Buffer.from("meta");
const FIRST = Buffer.from([0x6b]);
const END = Buffer.from([0x6c]);
const SYNC_EVERY = 16_384;
const CHUNK_BYTES = 64 * 1_024;
const RECORD_HEADER_BYTES = 4;
const KEY_BYTES = 8;
/** Records asked for at once; the bytes of a chunk are what bounds them. */
const READ_AHEAD = 1_024;
const STORED_KEY_BYTES = FIRST.length + KEY_BYTES;
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
        const keyAt = at + RECORD_HEADER_BYTES;
        const valueAt = keyAt + STORED_KEY_BYTES;
        const end = valueAt + bytes.readUInt32LE(at);
        batch.put(bytes.subarray(keyAt, valueAt), bytes.subarray(valueAt, end));
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

  /**
   * Whole records in each chunk. They are copied once, into the chunk: a buffer for each part of each record would keep the
   * collector of a leader busy that has writes to serve.
   */
  async *#chunks(snapshot) {
    const iterator = this.#database.iterator({ gte: FIRST, lt: END, snapshot, highWaterMarkBytes: CHUNK_BYTES });
    try {
      let chunk = Buffer.allocUnsafe(CHUNK_BYTES);
      let length = 0;
      for (let records = await iterator.nextv(READ_AHEAD); records.length > 0; records = await iterator.nextv(READ_AHEAD)) {
        for (const [key, value] of records) {
          if (length + RECORD_HEADER_BYTES + key.length + value.length > CHUNK_BYTES) {
            yield chunk.subarray(0, length);
            chunk = Buffer.allocUnsafe(CHUNK_BYTES);
            length = 0;
          }
          length = chunk.writeUInt32LE(value.length, length);
          length += key.copy(chunk, length);
          length += value.copy(chunk, length);
        }
      }
      if (length > 0) yield chunk.subarray(0, length);
    } finally {
      await iterator.close();
    }
  }
}

import type { OutputRecord } from "../../src/output/attempt-output.ts";

export async function collect(reader: AsyncIterable<OutputRecord>): Promise<OutputRecord[]> {
  const records: OutputRecord[] = [];
  for await (const record of reader) records.push(record);
  return records;
}

/** With neighbouring chunks of one stream as one: where they are cut is not part of the promise. */
export function shown(records: readonly OutputRecord[]): object[] {
  const runs: { kind?: string; offset?: number; stream?: string; text?: string }[] = [];
  for (const record of records) {
    const last = runs.at(-1);
    if (record.kind !== "chunk") {
      runs.push({ ...record });
      continue;
    }
    const text = Buffer.from(record.bytes).toString("latin1");
    if (last?.text !== undefined && last.stream === record.stream) last.text += text;
    else runs.push({ offset: record.offset, stream: record.stream, text });
  }
  return runs;
}

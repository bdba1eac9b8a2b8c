/**
 * Log fan-out: many readers follow one writer in one process, as those of one attempt's output do.
 *
 *   node benchmarks/output/fan-out.mjs [--readers 100] [--seconds 5] [--rate-mb 50] [--capacity-mb 8] [--json]
 *
 * It needs `npm run build`. MB are millions of bytes.
 *
 * The writer writes as a pipe is read, at most 64 KiB in a turn of the event loop, at `--rate-mb` a second. Every reader checks every
 * offset: bytes and gaps must tile the whole output, or the run fails. A tenth of the readers is slow (a pause
 * after each piece), one never reads. Each reader looks at each piece's first and last byte, so that a
 * slice which was overwritten is seen.
 */
import { setImmediate as turn, setTimeout as pause } from "node:timers/promises";
import { parseArgs } from "node:util";
import { OutputBuffer } from "@coxswain/executor";

const MB = 1_000_000;
const PIECE_BYTES = 65_536;
const { values } = parseArgs({
  options: {
    readers: { type: "string", default: "100" },
    seconds: { type: "string", default: "5" },
    "rate-mb": { type: "string", default: "50" },
    "capacity-mb": { type: "string", default: "8" },
    json: { type: "boolean", default: false },
  },
});
const readers = Number(values.readers);
const totalBytes = Math.round((Number(values.seconds) * Number(values["rate-mb"]) * MB) / PIECE_BYTES) * PIECE_BYTES;

const output = new OutputBuffer({ capacityBytes: Number(values["capacity-mb"]) * MB });
/** The byte at an offset: the number of its piece. */
const byteAt = (offset) => Math.floor(offset / PIECE_BYTES) & 255;

let peakRssBytes = 0;
const startRssBytes = process.memoryUsage.rss();
const watch = setInterval(() => (peakRssBytes = Math.max(peakRssBytes, process.memoryUsage.rss())), 20);

async function follow(slow) {
  let at = 0;
  let bytes = 0;
  let missed = 0;
  for await (const piece of output.reader()) {
    if ((piece.kind === "gap" ? piece.from : piece.offset) !== at) throw new Error(`a byte was lost at ${at}`);
    if (piece.kind === "gap") {
      missed += piece.to - piece.from;
      at = piece.to;
      continue;
    }
    at += piece.bytes.length;
    bytes += piece.bytes.length;
    if (slow) await pause(5);
    const last = piece.bytes.length - 1;
    if (piece.bytes[0] !== byteAt(piece.offset) || piece.bytes[last] !== byteAt(piece.offset + last))
      throw new Error(`a slice at ${piece.offset} was overwritten`);
  }
  if (bytes + missed !== totalBytes) throw new Error(`${totalBytes - bytes - missed} bytes were lost`);
  return { bytes, missed };
}

async function write() {
  const startedAt = performance.now();
  const piece = Buffer.alloc(PIECE_BYTES);
  for (let written = 0; written < totalBytes; ) {
    const dueBytes = ((performance.now() - startedAt) / 1000) * Number(values["rate-mb"]) * MB;
    if (written < dueBytes) {
      output.write(piece.fill(byteAt(written)), "stdout");
      written += PIECE_BYTES;
    }
    await turn();
  }
  output.end();
  return (performance.now() - startedAt) / 1000;
}

const idle = output.reader();
const slow = Math.floor(readers / 10);
const cpuBefore = process.cpuUsage();
const following = Array.from({ length: readers }, (_, i) => follow(i < slow));
const startedAt = performance.now();
const writeSeconds = await write();
const results = await Promise.all(following);
const seconds = (performance.now() - startedAt) / 1000;
const cpu = process.cpuUsage(cpuBefore);
clearInterval(watch);
await idle.return();
if (output.readerCount !== 0) throw new Error(`${output.readerCount} readers are left`);

const sum = (numbers) => numbers.reduce((all, number) => all + number, 0);
const report = {
  readers,
  slowReaders: slow,
  writtenMb: totalBytes / MB,
  writeMbPerSecond: totalBytes / MB / writeSeconds,
  readMbPerSecond: sum(results.map(({ bytes }) => bytes)) / MB / seconds,
  fastReadersWithGaps: results.slice(slow).filter(({ missed }) => missed > 0).length,
  readersWithGaps: results.filter(({ missed }) => missed > 0).length,
  gapMb: sum(results.map(({ missed }) => missed)) / MB,
  lostBytes: totalBytes * readers - sum(results.map(({ bytes, missed }) => bytes + missed)),
  startRssMb: startRssBytes / MB,
  peakRssMb: peakRssBytes / MB,
  cpuSeconds: (cpu.user + cpu.system) / 1e6,
};
if (values.json) console.log(JSON.stringify(report));
else for (const [name, value] of Object.entries(report)) console.log(`${name.padEnd(20)} ${Number.isInteger(value) ? value : value.toFixed(1)}`);

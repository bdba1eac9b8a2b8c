/**
 * A slow line: every packet that comes out of the TUN device goes back into it a while later, in the order it came.
 * Arguments: the delay in ms, and the device's descriptor (see open-tun.pl). Says `ready` on stdout; ends with stdin.
 */
import { read, writeSync } from "node:fs";

const LARGEST_PACKET = 65_536;
const [delayMs, tun] = process.argv.slice(2).map(Number);
const buffer = Buffer.alloc(LARGEST_PACKET);

/** One read of a TUN device is one packet. */
function carryNext() {
  read(tun, buffer, 0, buffer.length, null, (error, sizeBytes) => {
    if (error) throw error;
    const packet = Buffer.from(buffer.subarray(0, sizeBytes));
    setTimeout(() => writeSync(tun, packet), delayMs);
    carryNext();
  });
}

carryNext();
// A read of the device is always under way, and an orderly exit would wait for it.
process.stdin.on("end", () => process.kill(process.pid, "SIGKILL")).resume();
process.stdout.write("ready\n");

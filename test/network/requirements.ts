/**
 * What this machine lacks for networks of its own.
 */
import { spawnSync } from "node:child_process";
import { existsSync } from "node:fs";

/** Each entry says what is missing and how to get it; empty when everything is there. */
export function missingForNetworks(): string[] {
  const missing: string[] = [];
  if (process.platform !== "linux") return ["Linux: network namespaces exist nowhere else"];
  if (process.getuid?.() !== 0) missing.push("root: run the tests as root");
  const has = (command: string): boolean =>
    spawnSync(command, ["-V"], { stdio: "ignore" }).error === undefined;
  if (!has("ip")) missing.push("ip: apt-get install iproute2");
  if (!has("unshare") || !has("nsenter")) missing.push("unshare and nsenter: apt-get install util-linux");
  if (!has("perl")) missing.push("perl: apt-get install perl-base");
  if (!existsSync("/dev/net/tun"))
    missing.push("/dev/net/tun: modprobe tun, or start the container with --device /dev/net/tun");
  if (missing.length === 0 && spawnSync("unshare", ["--net", "true"], { stdio: "ignore" }).status !== 0) {
    missing.push(
      "the right to make network namespaces: start the container with --cap-add SYS_ADMIN --cap-add NET_ADMIN",
    );
  }
  return missing;
}

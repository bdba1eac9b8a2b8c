// What a guard leaves on disk while it guards containers: who it is, when its lease ends, and which they are.
//
// A later start of the node reads it, guards the same with a guard of its own, and only then ends this one. It outlives
// a SIGKILL of both; it need not outlive a power cut, which ends the containers too, so nothing is synced.
// @ts-check
import { readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { basename, join } from "node:path";
import { statOf } from "./guard-kill.mjs";

/** @typedef {import("./guard-kill.mjs").ContainerTarget} ContainerTarget */

export class GuardRecord {
  #directory;
  #name;
  #identity;

  /** @param {string} directory must be there */
  constructor(directory) {
    const startTime = statOf(process.pid)?.startTime ?? "";
    this.#directory = directory;
    this.#name = `${process.pid}-${startTime}.json`;
    this.#identity = { pid: process.pid, startTime, bootId: readFileSync("/proc/sys/kernel/random/boot_id", "latin1").trim() };
  }

  get name() {
    return this.#name;
  }

  /**
   * Throws when the disk does not take it; then the record before it stays.
   *
   * @param {number} leaseEndUptimeMs
   * @param {readonly ContainerTarget[]} targets
   */
  write(leaseEndUptimeMs, targets) {
    const plain = targets.map(({ kind, marker, socketPath, label }) => ({ kind, marker, socketPath, label }));
    const file = join(this.#directory, this.#name);
    // Never torn, whenever this process is killed.
    writeFileSync(`${file}.new`, JSON.stringify({ ...this.#identity, leaseEndUptimeMs, targets: plain }), { mode: 0o600 });
    renameSync(`${file}.new`, file);
  }

  /** @param {string} [name] of another guard's record; default: its own */
  remove(name = this.#name) {
    rmSync(join(this.#directory, basename(name)), { force: true });
    rmSync(join(this.#directory, `${basename(name)}.new`), { force: true });
  }
}

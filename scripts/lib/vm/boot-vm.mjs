/**
 * Boots the small emulated machine that `build-vm.mjs` builds, for what only a kernel of one's own can show.
 */
import { execFile } from "node:child_process";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";
import { ROOT } from "../run.mjs";

/** Got by `node scripts/vm-kernel.mjs`, unless another is named. */
export const KERNEL = process.env["COX_VM_KERNEL"] ?? join(ROOT, ".vm/vmlinuz");
/** Emulated, without the help of the processor's own virtual machines: slow, but the same everywhere. */
const MACHINE = "-accel tcg,thread=multi -cpu max -m 1024 -smp 2 -nographic -no-reboot -nodefaults";
/** What only real hardware needs is left out. */
const APPEND = "console=ttyS0 quiet panic=-1 cgroup_no_v1=all mitigations=off no_timer_check tsc=reliable random.trust_cpu=on";

/** Boots what `buildVm` has built, and waits for its end. Its disks are of two kinds: which driver is built in depends on the kernel. */
export async function bootVm(directory, limitMs) {
  const at = (name) => join(directory, name);
  const lines = ["-serial", "stdio", "-serial", `file:${at("verdicts")}`];
  const disks = ["nvme,serial=coxswain", "virtio-blk-pci"].flatMap((device, i) => [
    ...["-drive", `file=${at(`disk-${i}`)},if=none,id=disk${i},format=raw`],
    ...["-device", `${device},drive=disk${i}`],
  ]);
  const argv = [...MACHINE.split(" "), ...lines, ...disks, "-kernel", KERNEL, "-initrd", at("initramfs"), "-append", APPEND];
  const said = await promisify(execFile)("qemu-system-x86_64", argv, { timeout: limitMs, killSignal: "SIGKILL", maxBuffer: 1024 ** 3 }).then(
    ({ stdout }) => stdout,
    (error) => `${error.stdout ?? ""}${error.stderr ?? ""}${error.message}`,
  );
  const written = (await readFile(at("verdicts"), "utf8").catch(() => "")).split("\n");
  return { console: said, verdicts: written.filter((line) => line.trim().endsWith("}")).map((line) => JSON.parse(line)) };
}

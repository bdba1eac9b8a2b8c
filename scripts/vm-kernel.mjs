/**
 * Gets the kernel that tests of cgroups (v2) boot in an emulator: Debian's for clouds, or Ubuntu's for virtual machines, into `.vm/`. Needs
 * apt with an up-to-date list (`apt-get update`). Elsewhere, name any x86-64 kernel with cgroup v2 and a built-in driver for NVMe or virtio
 * disks in COX_VM_KERNEL.
 */
import { copyFileSync, existsSync, mkdirSync, mkdtempSync, readdirSync, renameSync, rmSync } from "node:fs";
import { join } from "node:path";
import { ROOT, run } from "./lib/run.mjs";

const target = join(ROOT, ".vm/vmlinuz");

/** Both depend on the package of their newest kernel. */
const NAMES = ["linux-image-cloud-amd64", "linux-image-virtual"];

async function newestPackage() {
  for (const name of NAMES) {
    const list = await run("apt-cache", ["depends", name], { capture: true }).catch(() => "");
    const found = /Depends: (linux-image-\d\S+)/.exec(list)?.[1];
    if (found !== undefined) return found;
  }
  throw new Error(`apt knows none of ${NAMES.join(", ")}; run apt-get update, or name a kernel in COX_VM_KERNEL.`);
}

async function download(directory) {
  const name = await newestPackage();
  await run("apt-get", ["download", "-qq", name], { cwd: directory, capture: true });
  const archive = readdirSync(directory).find((file) => file.endsWith(".deb"));
  await run("dpkg-deb", ["-x", archive, "."], { cwd: directory });
  const image = readdirSync(join(directory, "boot")).find((file) => file.startsWith("vmlinuz-"));
  copyFileSync(join(directory, "boot", image), join(directory, "vmlinuz"));
  renameSync(join(directory, "vmlinuz"), target);
  return name;
}

if (existsSync(target)) {
  console.log(`${target} is there`);
} else {
  mkdirSync(join(ROOT, ".vm"), { recursive: true });
  const directory = mkdtempSync(join(ROOT, ".vm/download-"));
  try {
    console.log(`${target} is from ${await download(directory)}`);
  } finally {
    rmSync(directory, { recursive: true });
  }
}

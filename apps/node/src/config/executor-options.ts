/**
 * The options of the executors: what each offers, gives to tasks that name no limits (less where the most is less), and
 * allows at most.
 */
import { z } from "zod";
import { EXECUTOR_KINDS } from "./executor-kinds.ts";
import type { ExecutorKind } from "./executor-kinds.ts";
import { option, optional } from "./option.ts";
import type { OptionTable } from "./option.ts";
import { choices, cpus, durationMs, flag, integer, ranges, sandboxPaths, sizeBytes, socketPath, within, words } from "./values.ts";

/** What the executors of a node can be told. */
export interface ExecutorOptions {
  readonly executors: ExecutorKind[];
  readonly allowUnlimitedProcesses: boolean;
  readonly processIsolation: "full" | "none";
  readonly cgroupDirectory: string | undefined;
  readonly processReadOnlyPaths: string[];
  readonly processMemory: number;
  readonly processSwap: number;
  readonly processCpus: number;
  readonly processPids: number;
  readonly processIo: number | undefined;
  readonly processTmp: number;
  readonly processOpenFiles: number;
  readonly processMaxMemory: number | undefined;
  readonly processMaxSwap: number | undefined;
  readonly processMaxCpus: number | undefined;
  readonly processMaxPids: number | undefined;
  readonly processMaxIo: number | undefined;
  readonly processMaxTmp: number | undefined;
  readonly processMaxOpenFiles: number | undefined;
  readonly dockerSocket: string;
  readonly image: string;
  readonly dockerImages: string[];
  readonly dockerPull: "missing" | "always" | "never";
  readonly dockerPullTimeout: number;
  readonly dockerRequestTimeout: number;
  readonly dockerJobTimeout: number;
  readonly dockerMemory: number;
  readonly dockerCpus: number;
  readonly dockerPids: number;
  readonly dockerTmp: number;
  readonly dockerOpenFiles: number;
  readonly dockerMaxMemory: number | undefined;
  readonly dockerMaxCpus: number | undefined;
  readonly dockerMaxPids: number | undefined;
  readonly dockerMaxTmp: number | undefined;
  readonly dockerMaxOpenFiles: number | undefined;
  readonly webhookAllow: string[];
  readonly webhookSecretFile: string | undefined;
  readonly webhookMaxRedirects: number;
}

const HOUR_MS = 3_600_000;
const MIB = 1024 ** 2;
const PIB = 1024 ** 5;

const bytes = (least: number, leastText: string): z.ZodType<number> => within(sizeBytes, least, PIB, `${leastText} and 1048576GB`);
const pids = integer(1, 2 ** 22);
const openFiles = integer(16, 2 ** 20);
const path = z.string().startsWith("/", "must be an absolute path");

const process: OptionTable<
  Pick<ExecutorOptions, "allowUnlimitedProcesses" | "cgroupDirectory" | Extract<keyof ExecutorOptions, `process${string}`>>
> = {
  allowUnlimitedProcesses: option(
    "--allow-unlimited-processes", ["COX_ALLOW_UNLIMITED_PROCESSES"], flag, false, "",
    "Run processes also where this machine has no sandbox or no limits for them, with what there is; the node's status says what they do without.",
  ),
  processIsolation: option(
    "--process-isolation", ["COX_PROCESS_ISOLATION"], z.enum(["full", "none"]), "full", "full|none",
    "`none` leaves out sandbox and limits of processes although the machine has them; needs --allow-unlimited-processes.",
  ),
  cgroupDirectory: option(
    "--cgroup-directory", ["COX_CGROUP_DIRECTORY"], optional(path), undefined, "path",
    "The cgroup (v2) that holds those of processes; made if missing. Without it, `coxswain` where cgroup v2 is mounted.",
  ),
  processReadOnlyPaths: option(
    "--process-read-only-paths", ["COX_PROCESS_READ_ONLY_PATHS"], sandboxPaths, "", "path,...",
    "What sandboxed processes see besides the system's programs and libraries.",
  ),
  processMemory: option("--process-memory", ["COX_PROCESS_MEMORY"], bytes(MIB, "1MB"), "256MB", "size", "Memory of a process that names no limit."),
  processSwap: option("--process-swap", ["COX_PROCESS_SWAP"], bytes(0, "0"), "0", "size", "Swap of a process that names no limit."),
  processCpus: option("--process-cpus", ["COX_PROCESS_CPUS"], cpus, "0.5", "n", "Processors' time of a process that names no limit."),
  processPids: option("--process-pids", ["COX_PROCESS_PIDS"], pids, "256", "n", "Processes and threads of a process that names no limit."),
  processIo: option(
    "--process-io", ["COX_PROCESS_IO"], optional(bytes(1, "1")), undefined, "size",
    "Bytes a second from and to each disk, of a process that names no limit. Without it, no limit.",
  ),
  processTmp: option("--process-tmp", ["COX_PROCESS_TMP"], bytes(4_096, "4KB"), "64MB", "size", "Size of a sandboxed process's /tmp, its one writable directory, where it names no limit."),
  processOpenFiles: option("--process-open-files", ["COX_PROCESS_OPEN_FILES"], openFiles, "1024", "n", "Open files of a process that names no limit."),
  processMaxMemory: option("--process-max-memory", ["COX_PROCESS_MAX_MEMORY"], optional(bytes(MIB, "1MB")), undefined, "size", "Memory that a process may ask for. Without it, the machine's."),
  processMaxSwap: option("--process-max-swap", ["COX_PROCESS_MAX_SWAP"], optional(bytes(0, "0")), undefined, "size", "Swap that a process may ask for. Without it, the machine's."),
  processMaxCpus: option("--process-max-cpus", ["COX_PROCESS_MAX_CPUS"], optional(cpus), undefined, "n", "Processors that a process may ask for. Without it, the machine's."),
  processMaxPids: option("--process-max-pids", ["COX_PROCESS_MAX_PIDS"], optional(pids), undefined, "n", "Processes and threads that a process may ask for. Without it, the machine's."),
  processMaxIo: option("--process-max-io", ["COX_PROCESS_MAX_IO"], optional(bytes(1, "1")), undefined, "size", "Bytes a second from and to each disk that a process gets at most. Without it, no bound."),
  processMaxTmp: option("--process-max-tmp", ["COX_PROCESS_MAX_TMP"], optional(bytes(4_096, "4KB")), undefined, "size", "Size of /tmp that a process may ask for. Without it, the machine's memory."),
  processMaxOpenFiles: option("--process-max-open-files", ["COX_PROCESS_MAX_OPEN_FILES"], optional(openFiles), undefined, "n", "Open files that a process may ask for. Without it, what the node's own limit allows."),
};

const docker: OptionTable<Pick<ExecutorOptions, "image" | Extract<keyof ExecutorOptions, `docker${string}`>>> = {
  dockerSocket: option("--docker-socket", ["COX_DOCKER_SOCKET"], socketPath, "/var/run/docker.sock", "path", "Unix socket of the Docker engine, as a path or unix:// address."),
  image: option("--image", ["COX_IMAGE"], z.string().min(1), "alpine:latest", "name", "Image of docker jobs that name none. Best the same on all nodes: the leader fills it in."),
  dockerImages: option(
    "--docker-images", ["COX_DOCKER_IMAGES"], words, "", "name,...",
    "Images that jobs may name; `*` at the end stands for anything, `all` for every image. Without it, that of --image only.",
  ),
  dockerPull: option(
    "--docker-pull", ["COX_DOCKER_PULL"], z.enum(["missing", "always", "never"]), "missing", "policy",
    "missing pulls images that the engine does not have, always asks the registry each time, never uses what is there.",
  ),
  dockerPullTimeout: option("--docker-pull-timeout", ["COX_DOCKER_PULL_TIMEOUT"], within(durationMs, 100, HOUR_MS / 2, "100ms and 30m"), "2m", "duration", "Limit of one pull."),
  dockerRequestTimeout: option("--docker-request-timeout", ["COX_DOCKER_REQUEST_TIMEOUT"], within(durationMs, 100, HOUR_MS, "100ms and 1h"), "1m", "duration", "Limit of one request to the engine, pulls and waits apart."),
  dockerJobTimeout: option(
    "--docker-job-timeout", ["COX_DOCKER_JOB_TIMEOUT"], within(durationMs, 1, 168 * HOUR_MS, "1ms and 168h"), "30s", "duration",
    "Limit of one attempt of docker jobs that name none, from the start of the container; the leader fills it in.",
  ),
  dockerMemory: option("--docker-memory", ["COX_DOCKER_MEMORY"], bytes(6 * MIB, "6MB"), "256MB", "size", "Memory of a container that names no limit, /tmp included; it gets no swap."),
  dockerCpus: option("--docker-cpus", ["COX_DOCKER_CPUS"], cpus, "0.5", "n", "Processors' time of a container that names no limit."),
  dockerPids: option("--docker-pids", ["COX_DOCKER_PIDS"], pids, "128", "n", "Processes and threads of a container that names no limit."),
  dockerTmp: option("--docker-tmp", ["COX_DOCKER_TMP"], bytes(4_096, "4KB"), "64MB", "size", "Size of /tmp of a container that names no limit."),
  dockerOpenFiles: option("--docker-open-files", ["COX_DOCKER_OPEN_FILES"], openFiles, "1024", "n", "Open files of each process of a container that names no limit."),
  dockerMaxMemory: option("--docker-max-memory", ["COX_DOCKER_MAX_MEMORY"], optional(bytes(6 * MIB, "6MB")), undefined, "size", "Memory that a container may ask for. Without it, the machine's."),
  dockerMaxCpus: option("--docker-max-cpus", ["COX_DOCKER_MAX_CPUS"], optional(cpus), undefined, "n", "Processors that a container may ask for. Without it, the machine's."),
  dockerMaxPids: option("--docker-max-pids", ["COX_DOCKER_MAX_PIDS"], optional(pids), undefined, "n", "Processes and threads that a container may ask for. Without it, 4096."),
  dockerMaxTmp: option("--docker-max-tmp", ["COX_DOCKER_MAX_TMP"], optional(bytes(4_096, "4KB")), undefined, "size", "Size of /tmp that a container may ask for. Without it, the machine's memory."),
  dockerMaxOpenFiles: option("--docker-max-open-files", ["COX_DOCKER_MAX_OPEN_FILES"], optional(openFiles), undefined, "n", "Open files that a container may ask for. Without it, 65536."),
};

const webhook: OptionTable<Pick<ExecutorOptions, Extract<keyof ExecutorOptions, `webhook${string}`>>> = {
  webhookAllow: option(
    "--webhook-allow", ["COX_WEBHOOK_ALLOW"], ranges, "", "cidr,...",
    "Private or loopback ranges that webhooks may call, such as 10.0.0.0/8, or `all`.",
  ),
  webhookSecretFile: option(
    "--webhook-secret-file", ["COX_WEBHOOK_SECRET_FILE"], optional(z.string().min(1)), undefined, "path",
    "File with the secret that webhooks are signed with, in the header Coxswain-Signature. Without it, none is signed.",
  ),
  webhookMaxRedirects: option("--webhook-max-redirects", ["COX_WEBHOOK_MAX_REDIRECTS"], integer(0, 20), "0", "n", "Redirects that a webhook follows; each target is checked."),
};

/** In the order in which help and docs show them. */
export const EXECUTOR_OPTIONS: OptionTable<ExecutorOptions> = {
  executors: option(
    "--executors", ["COX_EXECUTORS"], choices(EXECUTOR_KINDS), EXECUTOR_KINDS.join(","), "kinds",
    "Which kinds of tasks this node offers to run, where the machine has what they need.",
  ),
  ...process,
  ...docker,
  ...webhook,
};

/** Rules that span options. */
export function executorProblems({ processIsolation, allowUnlimitedProcesses }: ExecutorOptions): string[] {
  return processIsolation === "none" && !allowUnlimitedProcesses
    ? ["--process-isolation none needs --allow-unlimited-processes: tasks would have neither sandbox nor limits"]
    : [];
}

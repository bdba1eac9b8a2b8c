import { createHash } from "node:crypto";
import { InvalidTaskError } from "@coxswain/executor";
import type { AttemptContext, AttemptRef, DockerTask } from "@coxswain/executor";
import type Docker from "dockerode";
import type { DockerSettings } from "./docker-options.ts";
import { imageOf } from "./image-name.ts";
import { labelsOf } from "./labels.ts";
import { limitsOf } from "./limits.ts";

/** A docker task, checked and complete: what the engine is asked to create. */
export type ContainerSpec = Docker.ContainerCreateOptions & { readonly name: string; readonly Image: string };

/** One run of an attempt. */
export interface Run {
  /** In the environment of every process of the container, as `COX_RUN`; unguessable and never used again. */
  readonly marker: string;
  readonly incarnation: string;
  readonly timeoutMs: number;
}

const NAME = /^[A-Za-z_][A-Za-z0-9_]*$/;

/** The same for an attempt wherever and whenever it is created: the engine allows each name once. */
export function containerName({ executionId, attempt }: AttemptRef): string {
  return `cox-${createHash("sha256").update(`${attempt} ${executionId}`).digest("hex").slice(0, 32)}`;
}

/** @throws {InvalidTaskError} */
export function containerSpec(task: DockerTask, context: AttemptContext, settings: DockerSettings, run: Run): ContainerSpec {
  const entrypoint = entrypointOf(task);
  return {
    name: containerName(context.ref),
    Image: imageOf(task.image, settings),
    // An entrypoint of the task's own also drops the command of the image.
    ...(entrypoint ? { Entrypoint: entrypoint } : {}),
    Env: environmentOf(task.env ?? {}, context, run.marker),
    ...workingDirectoryOf(task),
    Labels: labelsOf(context, settings.scope, run),
    User: settings.user,
    AttachStdin: false,
    AttachStdout: true,
    AttachStderr: true,
    Tty: false,
    NetworkDisabled: true,
    // An image's health check would run beside the task.
    Healthcheck: { Test: ["NONE"] },
    HostConfig: hostConfigOf(task, settings),
  };
}

function hostConfigOf(task: DockerTask, settings: DockerSettings): Docker.HostConfig {
  const limits = limitsOf(task, settings);
  const { openFiles, tmpfsBytes } = limits;
  return {
    NetworkMode: "none",
    CapDrop: ["ALL"],
    ReadonlyRootfs: true,
    // The engine's default seccomp profile holds unless one is named here.
    SecurityOpt: ["no-new-privileges"],
    // Reaps zombies, and lets programs without handlers be ended by SIGTERM.
    Init: true,
    IpcMode: "private",
    ShmSize: tmpfsBytes,
    Memory: limits.memoryBytes,
    // The sum of memory and swap, so: no swap.
    MemorySwap: limits.memoryBytes,
    NanoCpus: Math.round(limits.cpus * 1e9),
    PidsLimit: limits.pids,
    Ulimits: [
      { Name: "nofile", Soft: openFiles, Hard: openFiles },
      { Name: "core", Soft: 0, Hard: 0 },
    ],
    // The engine gives it the mode of the image's own /tmp, so it also belongs to the user.
    Tmpfs: { "/tmp": `rw,noexec,nosuid,nodev,mode=1777,size=${tmpfsBytes}${ownerOf(settings.user)}` },
    // Output comes over the attached stream; a log would only cost time and fill the disk.
    LogConfig: { Type: "none", Config: {} },
    RestartPolicy: { Name: "no" },
    AutoRemove: false,
  };
}

function ownerOf(user: string): string {
  const [, uid, gid] = /^(\d+):(\d+)$/.exec(user) ?? [];
  return uid === undefined || gid === undefined ? "" : `,uid=${uid},gid=${gid}`;
}

/** Undefined: the image's own. */
function entrypointOf(task: DockerTask): string[] | undefined {
  const shell = task.shell ?? "";
  const argv = task.argv ?? [];
  if (shell !== "" && argv.length > 0) throw new InvalidTaskError("Set either shell or argv, not both.");
  if (shell !== "") {
    checkText("shell", shell);
    return ["/bin/sh", "-c", shell];
  }
  if (argv.length === 0) return undefined;
  if (argv[0] === "") throw new InvalidTaskError("argv[0] must name a program.");
  argv.forEach((argument, i) => checkText(`argv[${i}]`, argument));
  return [...argv];
}

function environmentOf(given: Readonly<Record<string, string>>, context: AttemptContext, marker: string): string[] {
  const own: Record<string, string> = {
    COX_JOB_ID: context.jobId,
    COX_EXECUTION_ID: context.ref.executionId,
    COX_ATTEMPT: String(context.ref.attempt),
    COX_DUE: new Date(context.dueMs).toISOString(),
    COX_RUN: marker,
  };
  for (const [name, value] of Object.entries(given)) {
    if (!NAME.test(name)) throw new InvalidTaskError(`env: ${JSON.stringify(name)} is no variable name; use letters, digits and "_".`);
    if (Object.hasOwn(own, name)) throw new InvalidTaskError(`env: ${name} is set by the executor; use another name.`);
    checkText(`env.${name}`, value);
  }
  return Object.entries({ ...given, ...own }).map(([name, value]) => `${name}=${value}`);
}

function workingDirectoryOf(task: DockerTask): { WorkingDir?: string } {
  const directory = task.workingDirectory ?? "";
  if (directory === "") return {};
  checkText("workingDirectory", directory);
  if (!directory.startsWith("/")) throw new InvalidTaskError("workingDirectory must be an absolute path.");
  return { WorkingDir: directory };
}

function checkText(name: string, text: string): void {
  if (text.includes("\0")) throw new InvalidTaskError(`${name} must not contain NUL.`);
}

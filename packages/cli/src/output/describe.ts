import type { ScheduleSpec, TaskSpec } from "@coxswain/client";
import { instant } from "./times.ts";

/** A line that says what a task runs. */
export function taskLine(task: TaskSpec | undefined): string {
  switch (task?.kind) {
    case undefined: {
      return "";
    }
    case "process": {
      return commandLine(task);
    }
    case "docker": {
      return `${commandLine(task)} (in ${task.image === undefined || task.image === "" ? "the default image" : task.image})`;
    }
    case "webhook": {
      return `${task.method === undefined || task.method === "" ? "POST" : task.method} ${task.url}`;
    }
    case "none": {
      return "(nothing)";
    }
  }
}

function commandLine({
  shell,
  argv,
}: {
  readonly shell?: string;
  readonly argv?: readonly string[];
}): string {
  return shell === undefined || shell === "" ? (argv ?? []).join(" ") : shell;
}

/** A line that says when a job runs. */
export function scheduleLine(schedule: ScheduleSpec): string {
  switch (schedule.kind) {
    case "now": {
      return "now";
    }
    case "at": {
      return `at ${instant(schedule.atMs)}`;
    }
    case "cron": {
      const from = schedule.firstMs === undefined ? "" : ` from ${instant(schedule.firstMs)}`;
      const until = schedule.lastMs === undefined ? "" : ` until ${instant(schedule.lastMs)}`;
      return `cron ${schedule.expression} (${schedule.timeZone ?? "UTC"})${from}${until}`;
    }
  }
}

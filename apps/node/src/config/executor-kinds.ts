/** The kinds of tasks that a node can be told to run. */
export const EXECUTOR_KINDS = ["process", "docker", "webhook"] as const;

export type ExecutorKind = (typeof EXECUTOR_KINDS)[number];

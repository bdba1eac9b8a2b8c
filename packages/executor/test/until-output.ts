import type { RunningTask } from "@coxswain/executor";

/** Resolves when the output holds `text`. */
export function untilOutput(task: RunningTask, text: string): Promise<void> {
  return new Promise((resolve, reject) => {
    const look = (): void => {
      const output = Buffer.from(task.output.tail(Infinity)).toString();
      if (output.includes(text)) resolve();
      else if (task.output.closed) reject(new Error(`the task ended without ${text}: ${output}`));
    };
    task.output.onChange(look);
    look();
  });
}

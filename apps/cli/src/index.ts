/**
 * `cox`, the command line of Coxswain: the commands of `@coxswain/cli` bound to this process.
 *
 * @example
 * process.exitCode = await main(["job", "submit", "echo hello"]);
 *
 * @packageDocumentation
 */
export { main } from "./main.ts";

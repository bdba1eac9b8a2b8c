/**
 * Writes the pages of docs/reference that are made from the code. `npm test` fails when they are not up to date.
 */
import { writeFileSync } from "node:fs";
import { errorsPage } from "./error-codes.mjs";
import { build } from "./lib/prepare.mjs";
import { ROOT } from "./lib/run.mjs";

await build();
const { configurationPage, securityEventsPage } = await import("../apps/node/dist/index.js");
writeFileSync(`${ROOT}docs/reference/configuration.md`, configurationPage());
writeFileSync(`${ROOT}docs/reference/security-events.md`, securityEventsPage());
writeFileSync(`${ROOT}docs/reference/errors.md`, errorsPage());

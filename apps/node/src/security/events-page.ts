/**
 * docs/reference/security-events.md, made from the table of events.
 */
import { SECURITY_EVENTS } from "./security-events.ts";

const listed = (fields: readonly string[]): string => fields.map((field) => `\`${field}\``).join(", ");

/** docs/reference/security-events.md, whole. */
export function securityEventsPage(): string {
  const rows = Object.entries(SECURITY_EVENTS).map(([name, { level, meaning, fields, source }]) => {
    return `| \`${name}\` | ${level} | ${meaning} | ${listed(fields)} | ${listed(source ?? [])} |`;
  });
  return `# Security events

Each node writes what concerns security into its log, one JSON object a line with \`--log-format json\`. The field \`event\` names it and does not change; the
message may. \`grep '"event":"call.denied"'\` finds them, \`"event":"job\\.\` all that was done to jobs.

| event | level | when | fields | limited by |
|---|---|---|---|---|
${rows.join("\n")}

- \`client\` is the CN of the certificate and \`role\` its kind; \`from\` is the address and port the connection came from, \`call\` the gRPC path. A field that does not
  apply is left out.
- A job's events are written by the node that took the request, its attempts by the node that runs them. Every line has \`node\`, the id of the node.
- Events that a stranger or a client without the right can cause at will are limited: at most 10 lines a minute for the same values of the fields under "limited by"
  (of \`from\`, the address without the port), for at most 1,000 such sources at a time; the rest share 10 lines. What is held back is counted, and told at the
  end of the minute by one line with \`suppressed\`.
- Environment, payload, headers, command lines and keys are in none of them.
- What the protocol itself refuses is told to the client alone: a request above \`--max-message-bytes\` (RESOURCE_EXHAUSTED) and calls above \`--max-streams\`.

This page is written by \`npm run docs\`.
`;
}

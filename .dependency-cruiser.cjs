/**
 * Who may import whom: every allowed edge between rooms is listed here and in docs/architecture.md.
 * Anything else fails `npm test`.
 */
const EDGES = {
  "raft-core": [],
  "raft-level": ["raft-core"],
  "raft-grpc": ["raft-core", "rpc"],
  "raft-sim": ["raft-core"],
  protocol: [],
  rpc: [],
  pki: [],
  telemetry: [],
  cron: [],
  "state-machine": ["raft-core", "protocol"],
  scheduler: ["state-machine", "cron"],
  executor: [],
  "executor-docker": ["executor"],
  "executor-process": ["executor"],
  "executor-webhook": ["executor"],
  worker: ["executor", "state-machine"],
  "job-service": ["scheduler", "state-machine", "cron", "protocol"],
  "api-grpc": ["job-service", "protocol", "rpc"],
  client: ["protocol", "rpc"],
  cli: ["client", "cron", "pki"],
};
/** Third-party libraries that a room may import at run time, where DESIGN limits them. */
const PURE = ["raft-core", "state-machine", "cron"];

const room = (name) => `^packages/${name}/(src|dist)/`;
const edgeRules = Object.entries(EDGES).map(([from, allowed]) => ({
  name: `edges-of-${from}`,
  comment: `${from} may import ${allowed.length > 0 ? allowed.join(", ") : "no other room"}.`,
  severity: "error",
  from: { path: `^packages/${from}/src/` },
  to: { path: "^(packages|apps)/", pathNot: [from, ...allowed].map(room) },
}));

module.exports = {
  forbidden: [
    ...edgeRules,
    { name: "no-cycles", severity: "error", from: {}, to: { circular: true, viaOnly: { dependencyTypesNot: ["type-only"] } } },
    {
      name: "no-deep-imports",
      comment: "Import a room by its face (src/index.ts, or a subpath that its package.json exports).",
      severity: "error",
      from: { path: "^(packages|apps|examples)/([^/]+)/" },
      to: { path: "^(packages|apps)/[^/]+/(src|dist)/", pathNot: ["^(packages|apps)/$2/", "/(src|dist)/(index|suite|suite/index)\\.(ts|js|d\\.ts)$"] },
    },
    {
      name: "no-one-imports-apps",
      severity: "error",
      from: { path: "^(packages|examples)/" },
      to: { path: "^apps/" },
    },
    {
      name: "no-one-imports-examples",
      severity: "error",
      from: { path: "^(packages|apps)/" },
      to: { path: "^examples/" },
    },
    {
      name: "examples-need-no-job-code",
      comment: "They show what any embedder of the Raft engine writes.",
      severity: "error",
      from: { path: "^examples/" },
      to: { path: "^packages/", pathNot: ["raft-core", "raft-level", "raft-grpc", "rpc", "pki"].map(room) },
    },
    {
      name: "pure-rooms-have-no-node-builtins",
      severity: "error",
      from: { path: `^packages/(${PURE.join("|")})/src/` },
      to: { dependencyTypes: ["core"] },
    },
    {
      name: "apps-cli-imports-only-cli",
      comment: "It starts coxswaind as a process.",
      severity: "error",
      from: { path: "^apps/cli/src/" },
      to: { path: "^(packages|apps)/", pathNot: ["^apps/cli/", "^packages/cli/"] },
    },
    {
      name: "raft-core-has-no-libraries",
      severity: "error",
      from: { path: "^packages/(raft-core|executor)/src/" },
      to: { dependencyTypes: ["npm", "npm-dev", "npm-peer", "npm-optional"] },
    },
    { name: "not-to-dev-dep", severity: "error", from: { path: "^(packages|apps)/[^/]+/src/" }, to: { dependencyTypes: ["npm-dev"] } },
    { name: "resolvable", severity: "error", from: {}, to: { couldNotResolve: true } },
    { name: "no-test-in-src", severity: "error", from: { path: "/src/" }, to: { path: "/test/" } },
  ],
  options: {
    doNotFollow: { path: ["node_modules", "/dist/"] },
    exclude: { path: ["/dist/", "/node_modules/", "\\.tsbuild"] },
    tsPreCompilationDeps: true,
    detectProcessBuiltinModuleCalls: true,
    enhancedResolveOptions: {
      exportsFields: ["exports"],
      conditionNames: ["@coxswain/source", "import", "node", "default", "types"],
      extensions: [".ts", ".js", ".mjs", ".json"],
    },
  },
};

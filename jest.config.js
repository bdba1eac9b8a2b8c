/**
 * One run over all rooms, on the sources: `@coxswain/source` maps each package to its `src`.
 * swc strips types; `tsc -b` checks them.
 */
export default {
  testEnvironment: "node",
  testMatch: ["<rootDir>/{packages,apps,benchmarks,examples}/*/test/**/*.test.ts", "<rootDir>/test/**/*.test.ts"],
  extensionsToTreatAsEsm: [".ts"],
  transform: {
    "\\.ts$": [
      "@swc/jest",
      {
        jsc: { target: "es2023", parser: { syntax: "typescript" } },
        module: { type: "es6" },
        sourceMaps: "inline",
      },
    ],
  },
  testEnvironmentOptions: { customExportConditions: ["@coxswain/source", "node", "node-addons"] },
  modulePathIgnorePatterns: ["<rootDir>/.*/dist/", "<rootDir>/.tsbuild/", "<rootDir>/.demo/"],
  setupFilesAfterEnv: ["<rootDir>/scripts/retry-integration.mjs"],
  maxWorkers: 2,
  testTimeout: 30_000,
  reporters: ["default", "<rootDir>/scripts/summary-reporter.mjs"],
};

import js from "@eslint/js";
import tseslint from "typescript-eslint";

const nodeGlobals = {
  process: "readonly",
  console: "readonly",
  Buffer: "readonly",
  URL: "readonly",
  setTimeout: "readonly",
  clearTimeout: "readonly",
  setInterval: "readonly",
  clearInterval: "readonly",
  setImmediate: "readonly",
  queueMicrotask: "readonly",
  performance: "readonly",
  fetch: "readonly",
  AbortController: "readonly",
  AbortSignal: "readonly",
  TextDecoder: "readonly",
  TextEncoder: "readonly",
};

export default tseslint.config(
  { ignores: ["**/dist/", "**/gen/", "**/node_modules/", ".tsbuild/", "coverage/", ".demo/", "docs/api/"] },
  js.configs.recommended,
  ...tseslint.configs.strict,
  {
    languageOptions: { globals: nodeGlobals },
    rules: {
      "no-constant-condition": ["error", { checkLoops: false }],
      "@typescript-eslint/no-unused-vars": ["error", { argsIgnorePattern: "^_", varsIgnorePattern: "^_" }],
      "@typescript-eslint/consistent-type-imports": "error",
      "@typescript-eslint/no-non-null-assertion": "error",
      "@typescript-eslint/no-explicit-any": "error",
      "@typescript-eslint/no-empty-function": "off",
      "@typescript-eslint/no-invalid-void-type": "off",
      "@typescript-eslint/no-extraneous-class": "off",
      eqeqeq: ["error", "always"],
      "no-console": "error",
    },
  },
  {
    files: ["**/*.ts"],
    languageOptions: { parserOptions: { projectService: false } },
  },
  { files: ["**/*.cjs"], languageOptions: { globals: { module: "writable", require: "readonly" } } },
  { files: ["scripts/**", "benchmarks/**", "examples/**", "**/bin/**", "**/test/**"], rules: { "no-console": "off" } },
  {
    files: ["**/test/**"],
    rules: { "@typescript-eslint/no-non-null-assertion": "off" },
  },
  {
    // Pure rooms: time and randomness come in as arguments (docs/architecture.md, rule 2).
    files: ["packages/raft-core/src/**", "packages/state-machine/src/**", "packages/cron/src/**"],
    rules: {
      "no-restricted-globals": [
        "error",
        "setTimeout", "setInterval", "setImmediate", "process", "performance", "Buffer",
      ],
      "no-restricted-properties": [
        "error",
        { object: "Date", property: "now", message: "Take the time as an argument." },
        { object: "Math", property: "random", message: "Take randomness as an argument." },
      ],
    },
  },
);

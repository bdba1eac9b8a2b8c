/** Builds copies of the core with one bug each, so that the core itself needs no switches. */
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import type { Raft } from "@coxswain/raft-core";
import { transformSync } from "@swc/core";
import type { EngineFactory } from "../../src/index.ts";
import type { SourceEdit, SourceMutant } from "./mutant.ts";

const SOURCES = fileURLToPath(new URL("../../../raft-core/src/", import.meta.url));

/** The core and what it imports; nothing of the driver. */
const FILES = ["types.ts", "errors.ts", ...readdirSync(join(SOURCES, "core")).map((name) => `core/${name}`)];

/** Makes the cores of mutants, and takes them away again. */
export class MutantWorkshop {
  readonly #directory = mkdtempSync(join(tmpdir(), "raft-mutants-"));
  readonly #compiled = new Map<string, string>();

  /** Throws when the text to replace is not there exactly once: the core has changed, and the mutant must follow. */
  urlOf(mutant: SourceMutant): string {
    const directory = join(this.#directory, mutant.name);
    for (const file of FILES) {
      const target = join(directory, file.replace(/\.ts$/, ".mjs"));
      mkdirSync(dirname(target), { recursive: true });
      const edits = [mutant, ...(mutant.also ?? [])].filter((edit) => file === `core/${edit.file}`);
      writeFileSync(target, edits.length > 0 ? compile(mutate(mutant.name, edits)) : this.#original(file));
    }
    return pathToFileURL(join(directory, "core/raft.mjs")).href;
  }

  async engineOf(mutant: SourceMutant): Promise<EngineFactory> {
    const core = (await import(this.urlOf(mutant))) as { readonly Raft: typeof Raft };
    return (config, persisted, random) => new core.Raft(config, persisted, random);
  }

  close(): void {
    rmSync(this.#directory, { recursive: true, force: true });
  }

  #original(file: string): string {
    const code = this.#compiled.get(file) ?? compile(read(file));
    this.#compiled.set(file, code);
    return code;
  }
}

function read(file: string): string {
  return readFileSync(join(SOURCES, file), "utf8");
}

/** All edits of one file. */
function mutate(name: string, edits: readonly SourceEdit[]): string {
  let source = read(`core/${edits[0]?.file}`);
  for (const { file, find, replace } of edits) {
    const count = source.split(find).length - 1;
    if (count !== 1) throw new Error(`mutant ${name}: its text is ${count} times in core/${file}, not once`);
    source = source.replace(find, () => replace);
  }
  return source;
}

function compile(source: string): string {
  const { code } = transformSync(source, {
    jsc: { target: "es2023", parser: { syntax: "typescript" } },
    module: { type: "es6" },
  });
  return code.replace(/(from\s+["']\.[^"']*)\.ts(["'])/g, "$1.mjs$2");
}

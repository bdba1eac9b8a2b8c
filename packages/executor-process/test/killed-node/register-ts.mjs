// Lets Node run the sources: a node that is to be killed with SIGKILL cannot live inside the test runner.
import { register } from "node:module";

register("./ts-hooks.mjs", import.meta.url);

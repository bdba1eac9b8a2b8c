#!/usr/bin/env -S node --disable-warning=DEP0123
import { main } from "../dist/index.js";

process.exit(await main(process.argv.slice(2)));

// Runs the public audit of GraphQL over HTTP (the package graphql-http) and prints what came of it.
// Arguments: the folder of the installed packages, the URL. Standard input: headers as JSON.

import { readFileSync } from "node:fs";
import { createRequire } from "node:module";

const [modules, url] = process.argv.slice(2);
const { auditServer } = createRequire(`${modules}/`)("graphql-http");
const authorisation = JSON.parse(readFileSync(0, "utf8"));

const results = await auditServer({
  url,
  fetchFn: (target, options = {}) =>
    fetch(target, { ...options, headers: { ...options.headers, ...authorisation } }),
});
const told = results.map(({ id, name, status, reason }) => ({ id, name, status, reason }));
process.stdout.write(JSON.stringify(told));

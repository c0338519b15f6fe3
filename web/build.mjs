// Copies what the explorer needs out of the installed packages: node build.mjs FROM TO

import { copyFile, mkdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";

const [from, to] = process.argv.slice(2);
const COPIES = {
  "react.js": "react/umd/react.production.min.js",
  "react-dom.js": "react-dom/umd/react-dom.production.min.js",
  "graphiql.js": "graphiql/dist/index.umd.js",
  "LICENSE-react.txt": "react/LICENSE",
  "LICENSE-graphiql.txt": "graphiql/LICENSE",
};
const FONT_FACE = /@font-face\s*\{[^}]*\}/g;

await mkdir(to, { recursive: true });
for (const [name, source] of Object.entries(COPIES)) {
  await copyFile(join(from, source), join(to, name));
}
// The fonts inside the sheet are data that the content security policy refuses; the explorer is
// shown in the fonts of the page.
const sheet = await readFile(join(from, "graphiql/dist/style.css"), "utf8");
await writeFile(join(to, "graphiql.css"), sheet.replace(FONT_FACE, ""));

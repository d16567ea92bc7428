// The code of the documentation, as a reader would copy it: each fenced block with a file name.

import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { fileURLToPath, pathToFileURL } from "node:url";
import WebSocket from "ws";

// As browsers have it: one that is closed before it is open tells nobody, in place of ending Node.
globalThis.WebSocket = class extends WebSocket {
  constructor(...to) {
    super(...to).on("error", () => {});
  }
};

const text = readFileSync(new URL("../../../api/CLIENTS.md", import.meta.url), "utf8");
const blocks = [...text.matchAll(/^```js (\S+\.js)\n(.*?)^```$/gms)];

// Inside of `node_modules`, so that packages are found from there.
const folder = mkdtempSync(fileURLToPath(new URL("../node_modules/.snippets-", import.meta.url)));
process.on("exit", () => rmSync(folder, { recursive: true }));
writeFileSync(`${folder}/package.json`, '{ "type": "module" }');
for (const [, name, code] of blocks) writeFileSync(`${folder}/${name}`, code);

/** The names of all of them. */
export const names = blocks.map(([, name]) => name);

/** The lines of one. */
export const lines = (name) => blocks.find((block) => block[1] === name)[2].split("\n").length - 1;

/** What a snippet exports. */
export const snippet = (name) => import(pathToFileURL(`${folder}/${name}`));

// The code of the documentation, as a reader would copy it: each fenced block with a file name.

import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { fileURLToPath, pathToFileURL } from "node:url";
import WebSocket from "ws";

// Browsers have it, and Node from 22 on.
globalThis.WebSocket ??= WebSocket;

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

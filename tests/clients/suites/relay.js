// relay-compiler over a connection, a refetch and a subscription; and what it compiled, sent to the
// service.

import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { mkdtemp, readdir, rm, writeFile } from "node:fs/promises";
import test from "node:test";
import { fileURLToPath, pathToFileURL } from "node:url";
import { account, charge, read, userToken } from "../support/service.js";

const place = (path) => fileURLToPath(new URL(path, import.meta.url));
// Inside of `node_modules`: what is compiled is no source.
const folder = await mkdtemp(place("../node_modules/.relay-"));
test.after(() => rm(folder, { recursive: true }));
await writeFile(`${folder}/package.json`, '{ "type": "module" }');

/** Compiles a folder of `relay/`: whether it went well, and what was said. */
async function compile(name) {
  const config = {
    root: place("../../.."),
    sources: { [`tests/clients/relay/${name}`]: name },
    projects: {
      [name]: {
        schema: "api/schema.graphql",
        language: "javascript",
        eagerEsModules: true,
        output: folder.slice(place("../../../").length),
      },
    },
  };
  const file = `${folder}/${name}.json`;
  await writeFile(file, JSON.stringify(config));
  const compiler = place("../node_modules/.bin/relay-compiler");
  return new Promise((done) => {
    execFile(compiler, [file], (error, out, log) => done({ ok: !error, said: out + log }));
  });
}

const { ok, said } = await compile("sound");

/** The text of a compiled operation. */
async function compiled(name) {
  const artifact = await import(pathToFileURL(`${folder}/${name}.graphql.js`));
  return artifact.default.params.text;
}

test("a connection, a refetch and a subscription compile", async () => {
  assert.ok(ok, said);
  const artifacts = (await readdir(folder)).filter((name) => name.endsWith(".graphql.js"));
  const expected = [
    "BalanceQuery",
    "BalanceRefetchQuery",
    "Balance_account",
    "ChargesPaginationQuery",
    "ChargesQuery",
    "Charges_account",
    "FeedSubscription",
  ];
  assert.deepEqual(artifacts.sort(), expected.map((name) => `${name}.graphql.js`).sort());
});

test("a query that the schema does not have is refused", async () => {
  const wrong = await compile("broken");
  assert.equal(wrong.ok, false);
  assert.match(wrong.said, /credits/);
});

test("a list is paged to its end, by what was compiled", async () => {
  for (let made = 0; made < 3; made += 1) await charge();
  const first = await read(userToken, await compiled("ChargesQuery"), { accountId: account });
  const { id } = first.account;
  const seen = first.account.charges.edges.map(({ node }) => node.id);
  let { pageInfo } = first.account.charges;
  const more = await compiled("ChargesPaginationQuery");
  while (pageInfo.hasNextPage) {
    const next = await read(userToken, more, { id, count: 2, cursor: pageInfo.endCursor });
    seen.push(...next.node.charges.edges.map(({ node }) => node.id));
    ({ pageInfo } = next.node.charges);
  }
  assert.equal(seen.length, 3);
  assert.equal(new Set(seen).size, 3);
});

test("an account is refetched as a node, by what was compiled", async () => {
  const first = await read(userToken, await compiled("BalanceQuery"), { accountId: account });
  const { operation } = await charge();
  const again = await read(userToken, await compiled("BalanceRefetchQuery"), { id: first.account.id });
  assert.equal(again.node.balance.sequence, operation.sequence);
  assert.equal(again.node.balance.available, operation.availableAfter);
});

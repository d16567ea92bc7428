// urql, by the recipe of the documentation.

import assert from "node:assert/strict";
import test from "node:test";
import { pipe, subscribe } from "wonka";
import { account, charge, operationId, read, studioToken, url, userToken } from "../support/service.js";
import { until } from "../support/watch.js";
import { snippet } from "../support/snippets.js";

const { urql } = await snippet("urql.js");

const BALANCE = `query Balance($accountId: ID!) {
  account(accountId: $accountId) { id balance { sequence available } }
}`;
const FEED = `subscription Feed($afterSequence: Sequence) {
  balance(afterSequence: $afterSequence) { snapshot sequence balance { sequence available } }
}`;
const CHARGE = `mutation Charge($input: ChargeInput!) {
  charge(input: $input) {
    account { id balance { sequence available } }
    userErrors { __typename code }
  }
}`;
const picture = { accountId: account, action: "text-to-image", model: "pencil" };
const variables = { accountId: account };

test("a mutation makes a query that is shown follow", async (t) => {
  const client = urql({ url, freshToken: () => studioToken });
  const shown = [];
  const watching = pipe(
    client.query(BALANCE, variables),
    subscribe(({ data }) => data && shown.push(data.account.balance)),
  );
  t.after(() => watching.unsubscribe());
  await until(() => shown.length > 0);
  const input = { operationId: operationId(), ...picture };
  const { data, error } = await client.mutation(CHARGE, { input }).toPromise();
  assert.equal(error, undefined);
  assert.deepEqual(data.charge.userErrors, []);
  await until(() => shown.at(-1).available === shown[0].available - 5);
});

test("a subscription begins with a snapshot and follows", async (t) => {
  const client = urql({ url, freshToken: () => userToken });
  const updates = [];
  const feed = pipe(
    client.subscription(FEED, {}),
    subscribe(({ data }) => data && updates.push(data.balance)),
  );
  t.after(() => feed.unsubscribe());
  await until(() => updates.length > 0);
  assert.equal(updates[0].snapshot, true);
  const { operation } = await charge();
  await until(() => updates.at(-1).sequence === operation.sequence);
  assert.equal(updates.at(-1).balance.available, operation.availableAfter);
});

test("a fault is an error with a code, and a refusal is data", async () => {
  const user = urql({ url, freshToken: () => userToken });
  const input = { operationId: operationId(), ...picture };
  const fault = await user.mutation(CHARGE, { input }).toPromise();
  assert.equal(fault.error.graphQLErrors[0].extensions.code, "FORBIDDEN");
  const studio = urql({ url, freshToken: () => studioToken });
  const unknown = { ...input, model: "crayon" };
  const refusal = await studio.mutation(CHARGE, { input: unknown }).toPromise();
  assert.equal(refusal.error, undefined);
  assert.equal(refusal.data.charge.userErrors[0].code, "MODEL_UNKNOWN");
});

test("a token that ran out is replaced once", async () => {
  const freshToken = ({ force = false } = {}) => (force ? userToken : "no.longer.good");
  const client = urql({ url, freshToken });
  const { data, error } = await client.query(BALANCE, variables).toPromise();
  assert.equal(error, undefined);
  const { viewer } = await read(userToken, "{ viewer { balance { available } } }");
  assert.equal(data.account.balance.available, viewer.balance.available);
});

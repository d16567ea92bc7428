// Apollo Client 4, by the recipe of the documentation: its normalised cache, persisted queries,
// subscriptions, refusals and faults.

import assert from "node:assert/strict";
import test from "node:test";
import { CombinedGraphQLErrors, gql } from "@apollo/client";
import { account, charge, operationId, read, studioToken, url, userToken } from "../support/service.js";
import { recordFetches, until } from "../support/watch.js";
import { snippet } from "../support/snippets.js";

const { apollo } = await snippet("apollo.js");
const fetches = recordFetches();

const BALANCE = gql`
  query Balance($accountId: ID!) {
    account(accountId: $accountId) {
      id
      balance { sequence available held }
    }
  }
`;
const FEED = gql`
  subscription Feed($afterSequence: Sequence) {
    balance(afterSequence: $afterSequence) {
      snapshot
      sequence
      account { id balance { sequence available held } }
    }
  }
`;
const CHARGE = gql`
  mutation Charge($input: ChargeInput!) {
    charge(input: $input) {
      replayed
      account { id balance { sequence available held } }
      userErrors {
        __typename
        code
        ... on InsufficientCredits { needed available shortBy }
      }
    }
  }
`;
const picture = { accountId: account, action: "text-to-image", model: "pencil" };
const variables = { accountId: account };

/** What is available now, by a query without this library. */
async function availableNow() {
  const { viewer } = await read(userToken, "{ viewer { balance { available } } }");
  return viewer.balance.available;
}

/** A studio's client and what its cache shows of the balance, as a component would see it. */
function open(t, freshToken = () => studioToken) {
  const client = apollo({ url, freshToken });
  const shown = [];
  const watching = client.watchQuery({ query: BALANCE, variables }).subscribe(({ data }) => {
    if (data?.account?.balance) shown.push(data.account.balance);
  });
  t.after(() => {
    watching.unsubscribe();
    client.stop();
  });
  return { client, shown };
}

test("a mutation's payload updates what other queries show", async (t) => {
  const { client, shown } = open(t);
  await until(() => shown.length === 1);
  const input = { operationId: operationId(), ...picture };
  const { data } = await client.mutate({ mutation: CHARGE, variables: { input } });
  assert.deepEqual(data.charge.userErrors, []);
  await until(() => shown.length === 2);
  assert.equal(shown[1].available, shown[0].available - 5);
  assert.equal(shown[1].sequence, shown[0].sequence + 1);
});

test("an older balance never replaces a newer one", async (t) => {
  const { client, shown } = open(t);
  await until(() => shown.length === 1);
  const { cache } = client;
  const { account: known } = cache.readQuery({ query: BALANCE, variables });
  const write = (sequence, available) => {
    const balance = { ...known.balance, sequence, available };
    cache.writeQuery({ query: BALANCE, variables, data: { account: { ...known, balance } } });
    return cache.readQuery({ query: BALANCE, variables }).account.balance.available;
  };
  assert.equal(write(known.balance.sequence + 2, 7), 7);
  assert.equal(write(known.balance.sequence + 1, 8), 7);
  assert.equal(write(known.balance.sequence + 3, 9), 9);
});

test("a query is sent by its hash once the service knows it", async () => {
  const hashed = async () => {
    const client = apollo({ url, freshToken: () => studioToken });
    fetches.length = 0;
    await client.query({ query: BALANCE, variables });
    client.stop();
    return fetches.map(({ query, extensions }) => ({
      text: query !== undefined,
      hash: extensions.persistedQuery.sha256Hash,
    }));
  };
  await hashed();
  const [only, ...more] = await hashed();
  assert.deepEqual(more, []);
  assert.equal(only.text, false);
  assert.match(only.hash, /^[0-9a-f]{64}$/);
});

test("a subscription updates what queries show", async (t) => {
  const { client, shown } = open(t, () => userToken);
  await until(() => shown.length === 1);
  const updates = [];
  const feed = client.subscribe({ query: FEED }).subscribe(({ data }) => updates.push(data.balance));
  t.after(() => feed.unsubscribe());
  await until(() => updates.length > 0);
  assert.equal(updates[0].snapshot, true);
  const { operation } = await charge();
  await until(() => shown.at(-1).sequence === operation.sequence);
  assert.equal(shown.at(-1).available, operation.availableAfter);
});

test("a refusal is data, with its numbers", async (t) => {
  const { client } = open(t);
  // 500 credits at most; two films of ten seconds a time use 300 each.
  const film = { action: "text-to-video", model: "reel", seconds: 10, variations: 4 };
  const input = { operationId: operationId(), ...picture, ...film };
  const { data } = await client.mutate({ mutation: CHARGE, variables: { input } });
  const [refusal] = data.charge.userErrors;
  assert.equal(refusal.__typename, "InsufficientCredits");
  assert.equal(refusal.needed, 600);
  const available = await availableNow();
  assert.deepEqual([refusal.available, refusal.shortBy], [available, 600 - available]);
});

test("a fault is an error with a code", async (t) => {
  const { client } = open(t, () => userToken);
  const input = { operationId: operationId(), ...picture };
  const failed = client.mutate({ mutation: CHARGE, variables: { input } });
  await assert.rejects(failed, (error) => {
    assert.ok(CombinedGraphQLErrors.is(error));
    assert.equal(error.errors[0].extensions.code, "FORBIDDEN");
    return true;
  });
});

test("a token that ran out is replaced once", async (t) => {
  const asked = [];
  const freshToken = ({ force = false } = {}) => {
    asked.push(force);
    return force ? userToken : "no.longer.good";
  };
  const { client } = open(t, freshToken);
  const { data } = await client.query({ query: BALANCE, variables });
  assert.equal(data.account.balance.available, await availableNow());
  assert.deepEqual(asked, [false, true]);
});

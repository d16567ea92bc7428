// The service that a suite runs against: where it is, with which tokens, and the way to have it
// restarted.
//
// Owns the line protocol with the Rust test that started both: a line `@…` on standard output asks for
// something, one line of JSON on standard input answers. It never starts a process itself.

import { randomUUID, webcrypto } from "node:crypto";
import { createInterface } from "node:readline";

// Browsers have it, and Node from 20 on.
globalThis.crypto ??= webcrypto;

function given(name) {
  const value = process.env[name];
  if (!value) throw new Error(`${name} is not set: start the suite with cargo test --test outside`);
  return value;
}

/** Where GraphQL is served over HTTP; the same path serves WebSockets. */
export const url = given("CREDITS_URL");
export const wsUrl = url.replace(/^http/, "ws");
/** The account of the user's token: on the plan `maker`, 500 credits of 500 left. */
export const account = "ada";
/** A browser's token, which reads `account`, and a backend's, which spends and bills. */
export const userToken = given("CREDITS_USER_TOKEN");
export const studioToken = given("CREDITS_STUDIO_TOKEN");

export const bearer = (token) => ({ authorization: `Bearer ${token}` });

let answers;

async function ask(request) {
  answers ??= createInterface({ input: process.stdin })[Symbol.asyncIterator]();
  process.stdin.ref();
  process.stdout.write(`@${request}\n`);
  const { value, done } = await answers.next();
  process.stdin.unref();
  if (done) throw new Error("nobody answers on standard input");
  return JSON.parse(value);
}

/** Ends the service, by SIGKILL or SIGTERM, and starts it again on the same port and directory. */
export const restart = (signal) => ask(`restart ${signal}`);

/**
 * What gives the user's tokens until one is admitted, as `isAdmitted` says, and then gives
 * `userToken`. The first expires after 2 seconds, each next one after twice the time of the one before,
 * so that one is admitted on a slow machine too. All of them expire.
 */
export function expiringTokens(isAdmitted) {
  let seconds = 1;
  return async () => {
    if (isAdmitted()) return userToken;
    seconds *= 2;
    return ask(`token ${seconds}`);
  };
}

/** Sends a document over HTTP: the status and the body. */
export async function send(token, query, variables) {
  const headers = { "content-type": "application/json", ...(token && bearer(token)) };
  const body = JSON.stringify({ query, variables });
  const response = await fetch(url, { method: "POST", headers, body });
  return { status: response.status, body: await response.json() };
}

/** The data of an answer without errors. */
export async function read(token, query, variables) {
  const { body } = await send(token, query, variables);
  if (body.errors) throw new Error(JSON.stringify(body.errors));
  return body.data;
}

export const operationId = () => randomUUID();

const CHARGE = `mutation($input: ChargeInput!) {
  charge(input: $input) {
    replayed cost operation { sequence availableAfter } userErrors { code message }
  }
}`;

/** Charges `account` as the studio: a picture on `pencil`, 5 credits, unless told otherwise. */
export async function charge(request = {}) {
  const picture = { action: "text-to-image", model: "pencil" };
  const input = { operationId: operationId(), accountId: account, ...picture, ...request };
  return (await read(studioToken, CHARGE, { input })).charge;
}

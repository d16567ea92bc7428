// All audits of `graphql-http`: GraphQL over HTTP to the letter. What the specification only
// recommends counts like what it demands.

import assert from "node:assert/strict";
import test from "node:test";
import { serverAudits } from "graphql-http";
import { url } from "../support/service.js";

const audits = serverAudits({ url, fetchFn: fetch });

test("there are 61 audits", () => assert.equal(audits.length, 61));

for (const audit of audits) {
  test(`${audit.id} ${audit.name}`, async () => {
    const result = await audit.fn();
    assert.equal(result.status, "ok", result.reason);
  });
}

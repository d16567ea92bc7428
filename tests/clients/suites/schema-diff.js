// The schema against that of the last release: a client that was written then still works.
//
// `api/schema.released.graphql` is replaced with each release and never in between. What has to go is
// deprecated first, and removed after a release in which it was.

import assert from "node:assert/strict";
import test from "node:test";
import { buildSchema, findBreakingChanges } from "graphql";
import { committed, committedText, released } from "../support/schema.js";

test("nothing that clients were written against has gone or changed", () => {
  assert.deepEqual(findBreakingChanges(released, committed), []);
});

const breaks = [
  ["a field goes", /^ {2}available: Credits!$/m, "  left: Credits!", "FIELD_REMOVED"],
  ["a field may be null", /^ {2}available: Credits!$/m, "  available: Credits", "FIELD_CHANGED_KIND"],
  ["a value goes", /^ {2}INSUFFICIENT_CREDITS$/m, "  TOO_POOR", "VALUE_REMOVED_FROM_ENUM"],
  ["an argument is demanded", "node(", "node(kind: ID! ", "REQUIRED_ARG_ADDED"],
  ["an input field is demanded", /^input ChargeInput {$/m, "input ChargeInput { shop: ID!", "REQUIRED_INPUT_FIELD_ADDED"],
];
for (const [name, what, into, kind] of breaks) {
  test(`seen broken: ${name}`, () => {
    const changed = committedText.replace(what, into);
    const kinds = findBreakingChanges(committed, buildSchema(changed)).map((change) => change.type);
    assert.ok(kinds.includes(kind), `${kinds}`);
  });
}

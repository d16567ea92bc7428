// graphql-js reads the schema: from introspection, as a client meets it, and from the committed file.

import assert from "node:assert/strict";
import test from "node:test";
import {
  buildClientSchema,
  getIntrospectionQuery,
  lexicographicSortSchema,
  printSchema,
  validateSchema,
} from "graphql";
import { read } from "../support/service.js";
import { committed } from "../support/schema.js";

// The schema's own description is left out: async-graphql answers that of the type `__Schema`.
const query = getIntrospectionQuery({
  specifiedByUrl: true,
  directiveIsRepeatable: true,
  inputValueDeprecation: true,
});
const introspected = buildClientSchema(await read(null, query));

test("the schema that introspection gives is valid", () => {
  assert.deepEqual(validateSchema(introspected), []);
});

test("the committed schema is valid", () => {
  assert.deepEqual(validateSchema(committed), []);
});

// async-graphql 7.2 tells no interfaces of an interface. This is the only one that has any; once it
// is told, this line has to go.
const UNTOLD = ["interface Operation implements Node {", "interface Operation {"];

test("introspection says what the committed schema says", () => {
  const text = (schema) => printSchema(lexicographicSortSchema(schema));
  const told = text(introspected).split("\n");
  const written = text(committed).replace(...UNTOLD).split("\n");
  const place = told.findIndex((line, index) => line !== written[index]);
  // Some lines around the first that differs, not all of both.
  const near = (all) => (place < 0 ? [] : all.slice(Math.max(0, place - 10), place + 10));
  assert.deepEqual(near(told), near(written));
  assert.equal(told.length, written.length);
});

test("scalars of our own name their specification", () => {
  const own = Object.values(introspected.getTypeMap()).filter((type) => type.astNode === undefined);
  for (const name of ["Credits", "DateTime", "Sequence", "SignedCredits"]) {
    const scalar = own.find((type) => type.name === name);
    assert.match(scalar.specifiedByURL, /^https:/, name);
  }
});

// The conventions of the schema, each element of it.
//
// Owns the rules; each says where it is broken. `broken` at the end shows that each rule can fail.

import assert from "node:assert/strict";
import test from "node:test";
import {
  buildSchema,
  getNamedType,
  getNullableType,
  isEnumType,
  isInputObjectType,
  isInterfaceType,
  isIntrospectionType,
  isListType,
  isNonNullType,
  isObjectType,
  isScalarType,
  isSpecifiedDirective,
  isSpecifiedScalarType,
  isUnionType,
} from "graphql";
import { committed } from "../support/schema.js";

const PASCAL_CASE = /^[A-Z][A-Za-z0-9]*$/;
const CAMEL_CASE = /^[a-z][A-Za-z0-9]*$/;
const UPPER_CASE = /^[A-Z][A-Z0-9]*(_[A-Z0-9]+)*$/;
/** What every payload has, and whether it may be null: business refusals are data beside it. */
const PAYLOAD = { replayed: "Boolean!", userErrors: "[UserError!]!", query: "Query!" };
/** What only a payload about an account has. A catalog belongs to no account. */
const ACCOUNT_PAYLOAD = { operation: "Operation", account: "Account", balance: "Balance" };
const WITHOUT_ACCOUNT = ["PublishCatalogPayload"];
const PAGE_ARGUMENTS = { first: "Int", after: "String", last: "Int", before: "String" };
const PAGE_INFO = {
  hasNextPage: "Boolean!",
  hasPreviousPage: "Boolean!",
  startCursor: "String",
  endCursor: "String",
};

const ownTypes = (schema) =>
  Object.values(schema.getTypeMap()).filter(
    (type) => !isIntrospectionType(type) && !isSpecifiedScalarType(type),
  );
const fieldsOf = (type) => ("getFields" in type ? Object.values(type.getFields()) : []);
const isConnection = (type) => isObjectType(type) && type.name.endsWith("Connection");

/** Every element that can have a name and a description, with its path and its kind. */
function* elements(schema) {
  for (const type of ownTypes(schema)) {
    yield { path: type.name, kind: "type", element: type };
    for (const field of fieldsOf(type)) {
      const path = `${type.name}.${field.name}`;
      yield { path, kind: "field", element: field };
      for (const argument of field.args ?? []) {
        yield { path: `${path}(${argument.name}:)`, kind: "argument", element: argument };
      }
    }
    for (const value of isEnumType(type) ? type.getValues() : []) {
      yield { path: `${type.name}.${value.name}`, kind: "value", element: value };
    }
  }
  for (const directive of schema.getDirectives().filter((one) => !isSpecifiedDirective(one))) {
    yield { path: `@${directive.name}`, kind: "directive", element: directive };
  }
}

function* undescribed(schema) {
  for (const { path, element } of elements(schema)) {
    if (!element.description?.trim()) yield path;
  }
}

function* misnamed(schema) {
  const shapes = {
    type: PASCAL_CASE,
    field: CAMEL_CASE,
    argument: CAMEL_CASE,
    directive: CAMEL_CASE,
    value: UPPER_CASE,
  };
  for (const { path, kind, element } of elements(schema)) {
    if (!shapes[kind].test(element.name)) yield path;
  }
  for (const type of ownTypes(schema)) {
    if (isInputObjectType(type) !== type.name.endsWith("Input")) yield type.name;
  }
}

function* deprecatedWithoutReason(schema) {
  for (const { path, element } of elements(schema)) {
    if (element.deprecationReason === "No longer supported") yield path;
  }
}

/** Which of these fields the type does not have, or has with another type. */
function* differing(type, fields) {
  for (const [name, expected] of Object.entries(fields)) {
    const found = type.getFields()[name]?.type;
    if (String(found) !== expected) yield `${type.name}.${name} is ${found}, not ${expected}`;
  }
}

function* unlikeAMutation(schema) {
  for (const mutation of fieldsOf(schema.getMutationType())) {
    const name = mutation.name[0].toUpperCase() + mutation.name.slice(1);
    const [input, ...more] = mutation.args;
    if (input?.name !== "input" || more.length > 0) yield `${mutation.name} takes one \`input\``;
    if (String(input?.type) !== `${name}Input!`) yield `${mutation.name} takes ${name}Input!`;
    if (String(mutation.type) !== `${name}Payload!`) yield `${mutation.name} gives ${name}Payload!`;
    const id = fieldsOf(getNamedType(input?.type) ?? {}).find(({ name }) => name === "operationId");
    if (String(id?.type) !== "ID!") yield `${name}Input.operationId is ID!`;
    const payload = getNamedType(mutation.type);
    yield* differing(payload, PAYLOAD);
    if (!WITHOUT_ACCOUNT.includes(payload.name)) yield* differing(payload, ACCOUNT_PAYLOAD);
    const own = fieldsOf(payload).filter((field) => !(field.name in PAYLOAD));
    for (const field of own.filter((one) => isNonNullType(one.type))) {
      // A flag and a list say "none" by themselves.
      const named = String(field.type);
      if (named !== "Boolean!" && !isListType(getNullableType(field.type))) {
        yield `${payload.name}.${field.name} is null in a refusal, so it can't be ${named}`;
      }
    }
  }
}

function* unlikeAConnection(schema) {
  const types = ownTypes(schema);
  for (const connection of types.filter(isConnection)) {
    const noun = connection.name.slice(0, -"Connection".length);
    const edge = schema.getType(`${noun}Edge`);
    yield* differing(connection, {
      edges: `[${noun}Edge!]!`,
      nodes: `[${noun}!]!`,
      pageInfo: "PageInfo!",
    });
    if (edge) yield* differing(edge, { node: `${noun}!`, cursor: "String!" });
    else yield `${noun}Edge is missing`;
  }
  for (const type of types) {
    for (const field of fieldsOf(type).filter((one) => isConnection(getNamedType(one.type)))) {
      // A list that is read in one direction has neither argument of the other.
      const forward = !field.args.some(({ name }) => name === "last" || name === "before");
      for (const [name, expected] of Object.entries(PAGE_ARGUMENTS)) {
        if (forward && (name === "last" || name === "before")) continue;
        const found = field.args.find((argument) => argument.name === name)?.type;
        if (String(found) !== expected) yield `${type.name}.${field.name}(${name}:) is ${expected}`;
      }
    }
  }
  const pageInfo = schema.getType("PageInfo");
  if (pageInfo) yield* differing(pageInfo, PAGE_INFO);
}

function* unlikeANode(schema) {
  const node = schema.getType("Node");
  if (!isInterfaceType(node)) return yield "Node is an interface";
  yield* differing(node, { id: "ID!" });
  yield* differing(schema.getQueryType(), { node: "Node", nodes: "[Node]!" });
}

function* unlikeAUserError(schema) {
  const fields = { code: "UserErrorCode!", message: "String!", field: "[String!]" };
  const userError = schema.getType("UserError");
  if (!isInterfaceType(userError)) return yield "UserError is an interface";
  yield* differing(userError, fields);
}

/** Types that no root and no implementation of a used interface leads to. */
function* unused(schema) {
  const roots = [schema.getQueryType(), schema.getMutationType(), schema.getSubscriptionType()];
  const used = new Set();
  const next = roots.filter(Boolean);
  for (let type = next.pop(); type; type = next.pop()) {
    if (used.has(type.name)) continue;
    used.add(type.name);
    for (const field of fieldsOf(type)) {
      next.push(getNamedType(field.type));
      next.push(...(field.args ?? []).map((argument) => getNamedType(argument.type)));
    }
    if (isUnionType(type) || isInterfaceType(type)) next.push(...schema.getPossibleTypes(type));
    if (isObjectType(type) || isInterfaceType(type)) next.push(...type.getInterfaces());
  }
  for (const type of ownTypes(schema)) if (!used.has(type.name)) yield type.name;
}

function* unspecifiedScalars(schema) {
  const scalars = ownTypes(schema).filter(isScalarType);
  for (const scalar of scalars) if (!scalar.specifiedByURL) yield scalar.name;
}

const rules = {
  "every element has a description": undescribed,
  "names are PascalCase, camelCase, UPPER_CASE, and inputs end in Input": misnamed,
  "what is deprecated says what to use": deprecatedWithoutReason,
  "a mutation takes one input with an operation id and gives its payload": unlikeAMutation,
  "a connection is Relay's, and its fields can be paged": unlikeAConnection,
  "objects are refetched by Node": unlikeANode,
  "refusals are user errors": unlikeAUserError,
  "no type is unused": unused,
  "a scalar names its specification": unspecifiedScalars,
};

for (const [name, rule] of Object.entries(rules)) {
  test(name, () => assert.deepEqual([...rule(committed)], []));
}

const broken = buildSchema(`
  type Query { thing: thing things: ThingConnection! }
  type thing { Bad_Name: Colour @deprecated }
  enum Colour { red }
  type Mutation { paint(colour: Colour): Painted! }
  type Painted { colour: Colour! }
  type ThingConnection { edges: [thing] pageInfo: PageInfo }
  type PageInfo { hasNextPage: Boolean }
  scalar Loose
  input Options { a: Int }
`);

for (const [name, rule] of Object.entries(rules)) {
  test(`seen broken: ${name}`, () => assert.notDeepEqual([...rule(broken)], []));
}

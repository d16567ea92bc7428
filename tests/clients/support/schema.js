// The schema as this commit and the last release have it.

import { readFileSync } from "node:fs";
import { buildSchema } from "graphql";

const text = (name) => readFileSync(new URL(`../../../api/${name}`, import.meta.url), "utf8");

/** The committed schema as text and as graphql-js reads it. */
export const committedText = text("schema.graphql");
export const committed = buildSchema(committedText);
/** What clients of the last release were written against. */
export const released = buildSchema(text("schema.released.graphql"));

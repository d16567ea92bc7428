// A query that the schema does not have: the compiler is to say so.

import { graphql } from "react-relay";

export const query = graphql`
  query WrongQuery {
    viewer {
      credits
    }
  }
`;

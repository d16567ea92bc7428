// A connection: the charges of an account, more of them on demand.

import { graphql } from "react-relay";

export const charges = graphql`
  fragment Charges_account on Account
  @argumentDefinitions(count: { type: "Int", defaultValue: 2 }, cursor: { type: "String" })
  @refetchable(queryName: "ChargesPaginationQuery") {
    charges(first: $count, after: $cursor) @connection(key: "Charges_charges") {
      edges {
        node {
          id
          model
          cost
        }
      }
    }
  }
`;

export const query = graphql`
  query ChargesQuery($accountId: ID!) {
    account(accountId: $accountId) {
      ...Charges_account
    }
  }
`;

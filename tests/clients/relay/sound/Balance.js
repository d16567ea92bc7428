// A refetch: the balance of an account again, by the account's id as a node.

import { graphql } from "react-relay";

export const balance = graphql`
  fragment Balance_account on Account @refetchable(queryName: "BalanceRefetchQuery") {
    balance {
      sequence
      available
      allowance {
        granted
        used
        renewsAt
      }
    }
  }
`;

export const query = graphql`
  query BalanceQuery($accountId: ID!) {
    account(accountId: $accountId) {
      ...Balance_account
    }
  }
`;

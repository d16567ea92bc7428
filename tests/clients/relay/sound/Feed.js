// A subscription, whose events are spread into the fragments that show them.

import { graphql } from "react-relay";

export const feed = graphql`
  subscription FeedSubscription($afterSequence: Sequence) {
    balance(afterSequence: $afterSequence) {
      snapshot
      sequence
      account {
        ...Balance_account
      }
    }
  }
`;

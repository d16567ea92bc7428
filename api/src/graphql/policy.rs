//! The policies, as the service follows them.

use async_graphql::{Enum, SimpleObject};
use credits_core::domain::policies as domain;

use super::policy_rule::PolicyRule;

/// One heading of the product's policies, answered from the catalog in force: it never states a rule
/// that the service does not follow.
#[derive(Clone, SimpleObject)]
pub struct Policy {
    /// Which heading.
    pub topic: PolicyTopic,
    /// The heading, for people.
    pub heading: String,
    /// The answer, for people: sentences, one to a line; empty under `QUESTIONS`, which has `questions`.
    pub text: String,
    /// The common questions with their answers; empty under any other heading.
    pub questions: Vec<PolicyQuestion>,
    /// The same for programs: at least one rule, with the numbers of the catalog.
    pub rules: Vec<PolicyRule>,
}

/// A common question.
#[derive(Clone, SimpleObject)]
pub struct PolicyQuestion {
    /// The question, for people.
    pub question: String,
    /// The answer, for people.
    pub answer: String,
}

/// The headings of the product's policies, in their order.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Enum)]
#[graphql(remote = "credits_core::domain::policies::Topic")]
pub enum PolicyTopic {
    /// What uses credits.
    WhatUses,
    /// What does not use credits.
    WhatDoesNot,
    /// How credits work.
    HowItWorks,
    /// When credits are consumed.
    WhenConsumed,
    /// Why credits can't be refunded.
    WhyNoRefund,
    /// How credit usage varies by model.
    CostByModel,
    /// When to be careful with credits.
    BeCareful,
    /// Common questions.
    Questions,
}

impl From<domain::Policy> for Policy {
    fn from(policy: domain::Policy) -> Policy {
        let question = |(question, answer): (&'static str, String)| PolicyQuestion {
            question: question.to_owned(),
            answer,
        };
        Policy {
            topic: policy.topic.into(),
            heading: policy.heading.to_owned(),
            text: policy.sentences.join("\n"),
            questions: policy.questions.into_iter().map(question).collect(),
            rules: policy.rules.into_iter().map(PolicyRule::from).collect(),
        }
    }
}

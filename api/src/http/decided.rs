//! Faults under a mutation that was decided.
//!
//! Owns one rule: whoever is told that nothing was decided must be able to rely on it. What fails *below*
//! a mutation's own field failed after the decision, when something was read for its payload, and takes
//! the whole answer along: its caller learns what was decided by asking again under the same id. Some
//! errors of deep fields have no path at all.

use std::sync::Arc;

use async_graphql::ServerError;

use crate::error::{Fault, FaultCode};

const MESSAGE: &str = "The mutation was decided, but what it answers could not be read: ask `operation`, \
                       or repeat the mutation with the same operationId.";

/// Turns faults that say that nothing was decided into unknown outcomes where they can't know.
pub fn heed(errors: &mut [ServerError], operation_id: Option<&str>) {
    for error in errors.iter_mut().filter(|error| error.path.len() != 1) {
        let says_nothing_was_decided = error.source::<Fault>().is_some_and(|fault| {
            matches!(
                fault.code,
                FaultCode::Unavailable | FaultCode::Overloaded | FaultCode::RateLimited
            )
        });
        if says_nothing_was_decided {
            let mut fault = Fault::new(FaultCode::UnknownOutcome, MESSAGE);
            fault.operation_id = operation_id.map(str::to_owned);
            error.message = MESSAGE.to_owned();
            error.source = Some(Arc::new(fault));
        }
    }
}

#[cfg(test)]
mod tests {
    use async_graphql::PathSegment;

    use super::*;

    fn told(code: FaultCode, path: &[&str]) -> (FaultCode, Option<String>) {
        let mut error = Fault::new(code, "no").into_server_error();
        let segments = path.iter().map(|key| PathSegment::Field((*key).to_owned()));
        error.path = segments.collect();
        let mut errors = vec![error];
        heed(&mut errors, Some("0199"));
        let fault = errors[0].source::<Fault>().unwrap().clone();
        (fault.code, fault.operation_id)
    }

    #[test]
    fn nobody_is_told_that_nothing_was_decided_once_it_was() {
        let unknown = (FaultCode::UnknownOutcome, Some("0199".to_owned()));
        for code in [
            FaultCode::Unavailable,
            FaultCode::Overloaded,
            FaultCode::RateLimited,
        ] {
            assert_eq!(told(code, &["release", "hold"]), unknown);
            assert_eq!(told(code, &[]), unknown);
            assert_eq!(told(code, &["release"]), (code, None));
        }
        let other = FaultCode::NotFound;
        assert_eq!(told(other, &["release", "hold"]), (other, None));
    }
}

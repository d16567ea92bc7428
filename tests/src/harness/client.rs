//! A client that speaks GraphQL over HTTP, JSON in and JSON out.
//!
//! Owns what a test takes for granted of every answer: a request that should succeed has no errors.
//! It retries nothing.

use std::{net::SocketAddr, time::Duration};

use credits_core::domain::ids::OperationId;
use serde_json::{Value, json};

use super::document;

/// Longer than any test lasts.
const HOUR: Duration = Duration::from_secs(3_600);

/// A client of one service with one token, or none.
#[derive(Clone)]
pub struct Client {
    http: awc::Client,
    url: String,
    token: Option<String>,
}

/// What came back.
#[derive(Clone, Debug, PartialEq)]
pub struct Reply {
    /// The HTTP status.
    pub status: u16,
    /// The body.
    pub body: Value,
}

/// An HTTP client that waits for as long as it takes, and keeps its connections.
pub fn http_client() -> awc::Client {
    let connector = awc::Connector::new()
        .timeout(HOUR)
        .conn_keep_alive(HOUR)
        .conn_lifetime(HOUR);
    let client = awc::Client::builder().connector(connector);
    client.disable_timeout().finish()
}

/// A new id for a call, made before it.
pub fn operation_id() -> String {
    OperationId(uuid::Uuid::now_v7()).to_string()
}

/// An input with these fields more, or in place of those it has.
pub fn with(mut input: Value, more: &Value) -> Value {
    for (name, value) in more.as_object().expect("fields are an object") {
        input[name] = value.clone();
    }
    input
}

impl Client {
    /// A client of the service at `address`.
    pub fn new(address: SocketAddr, token: Option<&str>) -> Client {
        Client {
            http: http_client(),
            url: format!("http://{address}/graphql"),
            token: token.map(str::to_owned),
        }
    }

    /// Sends a document. Fails if the connection does.
    pub async fn try_send(&self, query: &str, variables: Value) -> Result<Reply, String> {
        let mut request = self.http.post(&self.url);
        if let Some(token) = &self.token {
            request = request.insert_header(("authorization", format!("Bearer {token}")));
        }
        let body = json!({ "query": query, "variables": variables });
        let sent = request.send_json(&body).await;
        let mut response = sent.map_err(|error| error.to_string())?;
        let status = response.status().as_u16();
        let body = response.json().limit(4 << 20).await;
        let body = body.map_err(|error| error.to_string())?;
        Ok(Reply { status, body })
    }

    /// Sends a document to a service that answers.
    pub async fn send(&self, query: &str, variables: Value) -> Reply {
        let sent = self.try_send(query, variables).await;
        sent.unwrap_or_else(|error| panic!("the service answers: {error}"))
    }

    /// Reads: the data of a query that has no errors.
    pub async fn read(&self, query: &str, variables: Value) -> Value {
        self.send(query, variables).await.data()
    }

    /// Calls a mutation with one input; an `operationId` is added unless it is given. The payload, of
    /// an answer without errors.
    pub async fn call(&self, mutation: &str, input: Value) -> Value {
        let reply = self.ask(mutation, input).await;
        reply.data()[mutation].take()
    }

    /// As [`Client::call`], of one that is accepted.
    pub async fn done(&self, mutation: &str, input: Value) -> Value {
        let payload = self.call(mutation, input).await;
        assert_eq!(payload["userErrors"], json!([]), "{mutation} is accepted");
        payload
    }

    /// As [`Client::call`], of one that is refused: the first refusal.
    pub async fn refused(&self, mutation: &str, input: Value) -> Value {
        let mut payload = self.call(mutation, input).await;
        assert_ne!(payload["userErrors"], json!([]), "{mutation} is refused");
        assert_eq!(payload["operation"], json!(null));
        payload["userErrors"][0].take()
    }

    /// As [`Client::call`], with errors in the answer: the code of the first.
    pub async fn fault(&self, mutation: &str, input: Value) -> String {
        self.ask(mutation, input).await.code()
    }

    /// Calls a mutation with one input and gives the whole answer.
    pub async fn ask(&self, mutation: &str, input: Value) -> Reply {
        let asked = self.try_ask(mutation, input).await;
        asked.unwrap_or_else(|error| panic!("the service answers: {error}"))
    }

    /// As [`Client::ask`]. Fails if the connection does.
    pub async fn try_ask(&self, mutation: &str, mut input: Value) -> Result<Reply, String> {
        if input.get("operationId").is_none() {
            input["operationId"] = json!(operation_id());
        }
        let variables = json!({ "input": input });
        self.try_send(&document::mutation(mutation), variables)
            .await
    }

    /// The balance of an account.
    pub async fn balance(&self, account: &str) -> Value {
        let query = format!(
            "query($id: ID!) {{ account(accountId: $id) {{ balance {{ {} }} }} }}",
            document::BALANCE
        );
        let mut data = self.read(&query, json!({ "id": account })).await;
        data["account"]["balance"].take()
    }

    /// The balance of an account at an instant: the whole answer.
    pub async fn ask_balance_at(&self, account: &str, time: &str) -> Reply {
        let query = format!(
            "query($id: ID!, $time: DateTime!) {{ account(accountId: $id) {{ \
             balanceAt(time: $time) {{ {} }} }} }}",
            document::BALANCE
        );
        self.send(&query, json!({ "id": account, "time": time }))
            .await
    }

    /// As [`Client::ask_balance_at`], of an instant at which there is a balance.
    pub async fn balance_at(&self, account: &str, time: &str) -> Value {
        let mut data = self.ask_balance_at(account, time).await.data();
        data["account"]["balanceAt"].take()
    }

    /// What an operation id was decided to be; null if it was not.
    pub async fn outcome(&self, account: &str, operation_id: &str) -> Value {
        let outcome = self.ask_outcome(account, operation_id).await;
        outcome.expect("it can be told in time")
    }

    /// As [`Client::outcome`]; none if it is under way for longer than the service makes one wait.
    pub async fn ask_outcome(&self, account: &str, operation_id: &str) -> Option<Value> {
        let query = format!(
            "query($account: ID!, $id: ID!) {{ operation(accountId: $account, operationId: $id) {{ \
             status operation {{ {} }} balance {{ {} }} {} }} }}",
            document::OPERATION,
            document::BALANCE,
            document::USER_ERRORS
        );
        let variables = json!({ "account": account, "id": operation_id });
        let mut reply = self.send(&query, variables).await;
        if reply.body.get("errors").is_some() {
            assert_eq!(reply.code(), "UNAVAILABLE");
            return None;
        }
        Some(reply.body["data"]["operation"].take())
    }

    /// The kinds, instants and changes of an account's last operations, oldest first.
    pub async fn ledger(&self, account: &str) -> Vec<(String, String, i64)> {
        let query = "query($id: ID!) { account(accountId: $id) { operations(first: 100) { \
                     nodes { kind at change } } } }";
        let data = self.read(query, json!({ "id": account })).await;
        let nodes = data["account"]["operations"]["nodes"].as_array();
        let entry = |node: &Value| {
            let text = |key: &str| node[key].as_str().expect("a text").to_owned();
            let change = node["change"].as_i64().expect("a number");
            (text("kind"), text("at"), change)
        };
        let newest_first = nodes.expect("a list of operations").iter();
        newest_first.rev().map(entry).collect()
    }

    /// An account on the plan of the tests, opened now: 500 credits.
    pub async fn open(&self, account: &str) {
        self.done("openAccount", json!({ "accountId": account }))
            .await;
        let plan = json!({
            "accountId": account, "planId": "maker", "billingInterval": "MONTHLY",
        });
        self.done("startSubscription", plan).await;
    }
}

impl Reply {
    /// The data of an answer without errors.
    pub fn data(mut self) -> Value {
        assert_eq!(self.body.get("errors"), None, "no errors");
        assert_eq!(self.status, 200);
        self.body["data"].take()
    }

    /// The code of the first error.
    pub fn code(&self) -> String {
        let code = self.body["errors"][0]["extensions"]["code"].as_str();
        code.unwrap_or_else(|| panic!("an error with a code: {}", self.body))
            .to_owned()
    }
}

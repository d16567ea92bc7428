//! The request that the load consists of: one text, with two places that change.

use std::net::SocketAddr;

use uuid::Uuid;

/// How many characters the name of an account has.
pub const ACCOUNT_CHARS: usize = 14;
/// What stands where the id goes.
const ID: &str = "00000000-0000-0000-0000-000000000000";
/// What stands where the account goes.
const ACCOUNT: &str = "account-??????";
/// What a studio asks for, no more.
const QUERY: &str = "mutation($input: ChargeInput!) { charge(input: $input) { replayed cost \
    operation { sequence } balance { available } userErrors { code message } } }";

/// The name of the account with that number.
pub fn account(number: usize) -> String {
    format!("account-{number:06}")
}

/// A request, ready to be sent.
#[derive(Clone, Debug)]
pub struct Request {
    bytes: Vec<u8>,
    id_at: usize,
    account_at: usize,
}

impl Request {
    /// The request to a server with a token.
    pub fn new(address: SocketAddr, token: &str) -> Request {
        let input = format!(
            "{{\"operationId\":\"{ID}\",\"accountId\":\"{ACCOUNT}\",\
             \"action\":\"text-to-image\",\"model\":\"pencil\"}}"
        );
        let body = format!("{{\"query\":\"{QUERY}\",\"variables\":{{\"input\":{input}}}}}");
        let head = format!(
            "POST /graphql HTTP/1.1\r\nhost: {address}\r\nauthorization: Bearer {token}\r\n\
             content-type: application/json\r\naccept: application/json\r\n\
             content-length: {}\r\n\r\n",
            body.len()
        );
        let text = head + &body;
        let at = |what: &str| text.find(what).expect("it was just written");
        Request {
            id_at: at(ID),
            account_at: at(ACCOUNT),
            bytes: text.into_bytes(),
        }
    }

    /// The bytes for a charge of that account under that id.
    pub fn charge(&mut self, account: usize, id: Uuid) -> &[u8] {
        let place = &mut self.bytes[self.id_at..self.id_at + ID.len()];
        id.hyphenated().encode_lower(place);
        let place = &mut self.bytes[self.account_at..self.account_at + ACCOUNT_CHARS];
        place.copy_from_slice(self::account(account).as_bytes());
        &self.bytes
    }
}

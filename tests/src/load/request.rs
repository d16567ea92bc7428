//! The requests that the load consists of: few texts, each with two places that change.

use std::net::SocketAddr;

use uuid::Uuid;

/// How many characters the name of an account has.
pub const ACCOUNT_CHARS: usize = 16;
/// What stands where the id goes.
const ID: &str = "00000000-0000-0000-0000-000000000000";
/// What stands where the account goes.
const ACCOUNT: &str = "account-????????";
/// What a studio asks for, no more.
const QUERY: &str = "mutation($input: ChargeInput!) { charge(input: $input) { replayed cost \
    operation { sequence } balance { available } userErrors { code message } } }";

/// What a studio asks for that shows its user what there was to tell.
const QUERY_TOLD: &str = "mutation($input: ChargeInput!) { charge(input: $input) { replayed cost \
    operation { sequence } charge { advisories { code message } } balance { available } \
    userErrors { code message } } }";
/// One image of one model, about which there is nothing to tell.
const PLAIN: &str = "\"action\":\"text-to-image\",\"model\":\"pencil\"";
/// One prompt again and again in one project, on two image models in turns and on a video model, many
/// results at once: each is told all there is to tell, but that it takes a large share of what is left,
/// which nothing is of what these accounts have.
const TOLD: [&str; 3] = [
    "\"action\":\"text-to-image\",\"model\":\"pencil\",\"variations\":4,\"project\":\"load\",\
     \"prompt\":\"a fox in the snow\"",
    "\"action\":\"text-to-image\",\"model\":\"easel\",\"variations\":4,\"project\":\"load\",\
     \"prompt\":\"a fox in the snow\"",
    "\"action\":\"text-to-video\",\"model\":\"reel\",\"variations\":4,\"project\":\"load\",\
     \"prompt\":\"a fox in the snow\"",
];

/// What is asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Asked {
    /// What there is nothing to tell about.
    Plain,
    /// What there is much to tell about, and it is shown.
    Told,
}

/// The name of the account with that number.
pub fn account(number: usize) -> String {
    format!("account-{number:08}")
}

/// Requests, ready to be sent in turns.
#[derive(Clone, Debug)]
pub struct Requests {
    texts: Vec<Text>,
    next: usize,
}

#[derive(Clone, Debug)]
struct Text {
    bytes: Vec<u8>,
    id_at: usize,
    account_at: usize,
}

impl Requests {
    /// The requests to a server with a token.
    pub fn new(address: SocketAddr, token: &str, asked: Asked) -> Requests {
        let text = |query, generation: &&str| Text::new(address, token, query, generation);
        let texts = match asked {
            Asked::Plain => vec![text(QUERY, &PLAIN)],
            Asked::Told => TOLD.iter().map(|one| text(QUERY_TOLD, one)).collect(),
        };
        Requests { texts, next: 0 }
    }

    /// The bytes for a charge of that account under that id.
    pub fn charge(&mut self, account: usize, id: Uuid) -> &[u8] {
        self.next = (self.next + 1) % self.texts.len();
        self.texts[self.next].charge(account, id)
    }
}

impl Text {
    fn new(address: SocketAddr, token: &str, query: &str, generation: &str) -> Text {
        let input =
            format!("{{\"operationId\":\"{ID}\",\"accountId\":\"{ACCOUNT}\",{generation}}}");
        let body = format!("{{\"query\":\"{query}\",\"variables\":{{\"input\":{input}}}}}");
        let head = format!(
            "POST /graphql HTTP/1.1\r\nhost: {address}\r\nauthorization: Bearer {token}\r\n\
             content-type: application/json\r\naccept: application/json\r\n\
             content-length: {}\r\n\r\n",
            body.len()
        );
        let text = head + &body;
        let at = |what: &str| text.find(what).expect("it was just written");
        Text {
            id_at: at(ID),
            account_at: at(ACCOUNT),
            bytes: text.into_bytes(),
        }
    }

    fn charge(&mut self, account: usize, id: Uuid) -> &[u8] {
        let place = &mut self.bytes[self.id_at..self.id_at + ID.len()];
        id.hyphenated().encode_lower(place);
        let place = &mut self.bytes[self.account_at..self.account_at + ACCOUNT_CHARS];
        place.copy_from_slice(self::account(account).as_bytes());
        &self.bytes
    }
}

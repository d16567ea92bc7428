//! The requests that the load consists of: few texts, each with the places that change.

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
/// The same in a project, each time with another prompt, which is the charge's id: about this there is
/// nothing to tell either, though all is looked at.
const UNTOLD: &str = "\"action\":\"text-to-image\",\"model\":\"pencil\",\"variations\":1,\
    \"project\":\"load\",\"prompt\":\"00000000-0000-0000-0000-000000000000\"";
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
    /// As little as can be, about which there is nothing to tell.
    Plain,
    /// As much as with [`Asked::Told`], about which there is nothing to tell, and that is shown.
    Untold,
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
    ids_at: Vec<usize>,
    account_at: usize,
}

impl Requests {
    /// The requests to a server with a token.
    pub fn new(address: SocketAddr, token: &str, asked: Asked) -> Requests {
        let text = |query, generation: &&str| Text::new(address, token, query, generation);
        let texts = match asked {
            Asked::Plain => vec![text(QUERY, &PLAIN)],
            Asked::Untold => vec![text(QUERY_TOLD, &UNTOLD)],
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
        Text {
            ids_at: text.match_indices(ID).map(|(at, _)| at).collect(),
            account_at: text.find(ACCOUNT).expect("it was just written"),
            bytes: text.into_bytes(),
        }
    }

    fn charge(&mut self, account: usize, id: Uuid) -> &[u8] {
        for at in &self.ids_at {
            let place = &mut self.bytes[*at..at + ID.len()];
            id.hyphenated().encode_lower(place);
        }
        let place = &mut self.bytes[self.account_at..self.account_at + ACCOUNT_CHARS];
        place.copy_from_slice(self::account(account).as_bytes());
        &self.bytes
    }
}

//! Where settings come from, and what is refused.

use std::{fs, path::PathBuf};

use clap::Parser;

use super::*;

#[derive(Parser)]
struct Cli {
    #[command(flatten)]
    serve: ServeArgs,
}

fn load_text(text: &str, flags: &[&str]) -> Result<Settings, ConfigProblem> {
    let directory = tempfile::tempdir().expect("a directory");
    let path = directory.path().join(FILE);
    fs::write(&path, text).expect("it writes");
    let flags = std::iter::once("serve").chain(flags.iter().copied());
    read(&Cli::try_parse_from(flags).expect("flags").serve, &path)
}

fn refusal(text: &str, flags: &[&str]) -> String {
    load_text(text, flags).expect_err("refused").to_string()
}

#[test]
fn each_core_has_a_worker_unless_a_number_is_set() {
    let cores = std::thread::available_parallelism().map_or(1, |cores| cores.get());
    let workers =
        |flags: &[&str]| load_text("development = true", flags).map(|it| it.http_workers());
    assert_eq!(workers(&[]).expect("good"), cores);
    assert_eq!(workers(&["--http-workers=7"]).expect("good"), 7);
}

#[test]
fn a_flag_overrules_the_file_and_the_file_the_default() {
    let settings = load_text("development = true\nhttp.workers = 3", &[]).expect("good");
    assert_eq!(settings.http.workers, 3);
    assert_eq!(settings.http.address().to_string(), "127.0.0.1:8080");
    assert_eq!(settings.database_url(), "sqlite://./data/credits.db");
    let flags = [
        "--dev",
        "--http-workers=4",
        "--http-port=0",
        "--http-allowed-origins=https://a.example,https://b.example:444",
        "--data-dir=/var/lib/credits",
        "--log-format=json",
        "--sweeper-enabled=false",
    ];
    let settings = load_text(
        "http.workers = 3\nhttp.allowed_origins = [\"https://c.example\"]",
        &flags,
    )
    .expect("good");
    assert_eq!(settings.http.workers, 4);
    assert_eq!(settings.http.address().port(), 0);
    assert_eq!(
        settings.http.allowed_origins,
        ["https://a.example", "https://b.example:444"]
    );
    assert_eq!(
        settings.database_url(),
        "sqlite:///var/lib/credits/credits.db"
    );
    assert_eq!(settings.log.format, crate::telemetry::LogFormat::Json);
    assert!(!settings.sweeper.enabled && Settings::default().sweeper.enabled);
}

#[test]
fn keys_come_from_the_file_and_are_never_printed() {
    let text = r#"
        [[auth.keys]]
        kid = "2026-11"
        algorithm = "HS256"
        secret = "a secret of thirty-two bytes or more"
        [[auth.keys]]
        algorithm = "EdDSA"
        public_key_file = "issuer.pem"
    "#;
    let settings = load_text(text, &[]).expect("good");
    assert_eq!(settings.auth.keys.len(), 2);
    assert!(!format!("{settings:?}").contains("thirty-two"));
}

#[test]
fn what_is_refused_names_its_key() {
    let dev = |text: &str| format!("development = true\n{text}");
    let rows = [
        (dev("http.prot = 1"), "prot"),
        (dev("htp.port = 1"), "htp"),
        (dev("http.workers = \"many\""), "http.workers"),
        (dev("http.workers = -1"), "http.workers"),
        (dev("http.listen = \"here\""), "http.listen"),
        (dev("http.listen = \"0.0.0.0:80\""), "http.listen"),
        (dev("http.body_bytes_max = 0"), "http.body_bytes_max"),
        (
            dev("http.request_deadline_ms = 3600001"),
            "http.request_deadline_ms",
        ),
        (dev("http.head_timeout_ms = 0"), "http.head_timeout_ms"),
        (dev("http.keep_alive_ms = 0"), "http.keep_alive_ms"),
        (dev("http.init_timeout_ms = 0"), "http.init_timeout_ms"),
        (dev("http.ping_interval_ms = 0"), "http.ping_interval_ms"),
        (dev("http.send_timeout_ms = 0"), "http.send_timeout_ms"),
        (dev("http.linger_timeout_ms = 0"), "http.linger_timeout_ms"),
        (
            dev("http.shutdown_notice_ms = 3600001"),
            "http.shutdown_notice_ms",
        ),
        (
            dev("database.busy_timeout_ms = 3600001"),
            "database.busy_timeout_ms",
        ),
        (
            dev("writer.shutdown_timeout_ms = 3600001"),
            "writer.shutdown_timeout_ms",
        ),
        (
            dev("http.allowed_origins = [\"https://a.example/\"]"),
            "http.allowed_origins",
        ),
        (
            dev("http.allowed_origins = [\"*\"]"),
            "http.allowed_origins",
        ),
        (dev("writer.deadline_ms = 5000"), "writer.deadline_ms"),
        (dev("sweeper.chunk_accounts = 0"), "sweeper.chunk_accounts"),
        (dev("log.format = \"xml\""), "log.format"),
        (
            dev("auth.keys = [{ algorithm = \"RS256\", secret = \"x\" }]"),
            "auth.keys",
        ),
        (
            dev("auth.keys = [{ algorithm = \"EdDSA\", secret = \"x\" }]"),
            "auth.keys[0]",
        ),
        (String::new(), "auth.keys"),
    ];
    for (text, key) in rows {
        let said = refusal(&text, &[]);
        assert!(said.contains(key), "{text}: {said}");
    }
    assert!(refusal("", &["--config", "/nowhere/credits.toml"]).contains("/nowhere/credits.toml"));
}

#[test]
fn prompts_have_a_key_in_use_and_the_one_before_it() {
    let settings = load_text("development = true", &["--prompts-key-files=/a,/b"]).expect("good");
    assert_eq!(
        settings.prompts.key_files,
        [PathBuf::from("/a"), PathBuf::from("/b")]
    );
    let three = "development = true\nprompts.key_files = [\"/a\", \"/b\", \"/c\"]";
    assert_eq!(
        refusal(three, &[]),
        "prompts.key_files: at most 2: the new key, then the one before it"
    );
}

#[test]
fn an_unknown_variable_is_refused() {
    let check = |name: &str| refuse_unknown(std::iter::once(name.to_owned()));
    assert!(check("CREDITS__HTTP__PORT").is_ok());
    assert!(check("PATH").is_ok());
    assert!(check("CREDITS__HTP__PORT").is_err());
}

#[test]
fn the_help_states_the_true_defaults() {
    let settings = Settings::default();
    let command = ServeArgs::augment_args(Command::new("serve"));
    let told = |key: &str| {
        let help = command.get_arguments().find_map(|argument| {
            let help = argument.get_help()?.to_string();
            help.contains(&format!("[file: {key}]")).then_some(help)
        });
        let help = help.unwrap_or_else(|| panic!("no flag for {key}"));
        let (_, default) = help.split_once("[default: ").expect("a default");
        default.trim_end_matches(']').to_owned()
    };
    let rows = [
        ("data_dir", settings.data_dir.display().to_string()),
        ("http.listen", settings.http.listen.to_string()),
        (
            "http.body_bytes_max",
            settings.http.body_bytes_max.to_string(),
        ),
        (
            "http.request_deadline_ms",
            settings.http.request_deadline_ms.to_string(),
        ),
        (
            "http.head_timeout_ms",
            settings.http.head_timeout_ms.to_string(),
        ),
        (
            "http.keep_alive_ms",
            settings.http.keep_alive_ms.to_string(),
        ),
        (
            "http.init_timeout_ms",
            settings.http.init_timeout_ms.to_string(),
        ),
        (
            "http.ping_interval_ms",
            settings.http.ping_interval_ms.to_string(),
        ),
        (
            "http.send_timeout_ms",
            settings.http.send_timeout_ms.to_string(),
        ),
        (
            "http.linger_timeout_ms",
            settings.http.linger_timeout_ms.to_string(),
        ),
        (
            "http.shutdown_notice_ms",
            settings.http.shutdown_notice_ms.to_string(),
        ),
        (
            "database.busy_timeout_ms",
            settings.database.busy_timeout_ms.to_string(),
        ),
        (
            "writer.shutdown_timeout_ms",
            settings.writer.shutdown_timeout_ms.to_string(),
        ),
        ("http.streams_max", settings.http.streams_max.to_string()),
        ("http.workers", settings.http.workers.to_string()),
        (
            "writer.queue_operations_max",
            settings.writer.queue_operations_max.to_string(),
        ),
        (
            "writer.batch_operations_max",
            settings.writer.batch_operations_max.to_string(),
        ),
        (
            "writer.deadline_ms",
            settings.writer.deadline_ms.to_string(),
        ),
        (
            "actors.resident_max",
            settings.actors.resident_max.to_string(),
        ),
        ("actors.idle_s", settings.actors.idle_s.to_string()),
        ("sweeper.enabled", settings.sweeper.enabled.to_string()),
        (
            "sweeper.chunk_accounts",
            settings.sweeper.chunk_accounts.to_string(),
        ),
        ("auth.issuer", settings.auth.issuer),
        ("auth.audience", settings.auth.audience),
        ("log.filter", settings.log.filter),
    ];
    for (key, default) in rows {
        assert_eq!(told(key), default, "{key}");
    }
}

#[test]
fn a_mistake_in_the_file_names_the_file() {
    let told = refusal("development = true\nhttp.lissten = 1", &[]);
    assert!(
        told.contains("credits.toml: unknown field `lissten`"),
        "{told}"
    );
}

#[test]
fn quotes_have_a_key_in_use_and_the_one_before_it() {
    let settings = load_text("development = true", &["--quotes-key-files=/a,/b"]).expect("good");
    assert_eq!(
        settings.quotes.key_files,
        [PathBuf::from("/a"), PathBuf::from("/b")]
    );
    let three = "development = true\nquotes.key_files = [\"/a\", \"/b\", \"/c\"]";
    assert_eq!(
        refusal(three, &[]),
        "quotes.key_files: at most 2: the new key, then the one before it"
    );
}

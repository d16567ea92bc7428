//! GraphiQL: its files, how they are kept, and who is given tokens.

use super::*;

fn fetch(path: &str) -> TestRequest {
    TestRequest::get().uri(path)
}

/// The page, and the first script that it names.
async fn script() -> String {
    let app = App::new().configure(routes(Worker::new(Arc::new(edge(&Runs::default())))));
    let service = test::init_service(app).await;
    let page = test::call_and_read_body(&service, fetch("/graphiql").to_request()).await;
    let page = String::from_utf8(page.to_vec()).expect("the page is a text");
    let (_, after) = page.split_once("src=\".").expect("it has a script");
    let (path, _) = after.split_once('"').expect("the attribute ends");
    path.to_owned()
}

#[actix_web::test]
async fn a_browser_keeps_the_files_and_asks_for_the_page() {
    let send = app(edge(&Runs::default())).await;
    let script = script().await;
    let rows = [
        ("/graphiql", "text/html; charset=utf-8", "", "no-cache"),
        (
            script.as_str(),
            "text/javascript; charset=utf-8",
            "gzip",
            "public, max-age=31536000, immutable",
        ),
    ];
    for (path, media_type, encoding, age) in rows {
        let reply = send(fetch(path)).await;
        assert_eq!(reply.status, 200, "{path}");
        assert_eq!(reply.header("content-type"), media_type);
        assert_eq!(reply.header("content-encoding"), encoding);
        assert_eq!(reply.header("cache-control"), age);
        let policy = reply.header("content-security-policy");
        assert!(policy.starts_with("default-src 'self';"), "{policy}");
        assert!(!policy.contains("http"), "nothing of elsewhere: {policy}");
        let tag = reply.header("etag").to_owned();
        assert_eq!(tag.len(), 34, "{tag}");
        let again = send(fetch(path).insert_header(("if-none-match", tag))).await;
        assert_eq!(again.status, 304);
        let changed = send(fetch(path).insert_header(("if-none-match", "\"other\""))).await;
        assert_eq!(changed.status, 200);
    }
}

#[actix_web::test]
async fn it_is_found_from_the_root_and_with_a_slash() {
    let send = app(edge(&Runs::default())).await;
    for (path, to) in [("/", "graphiql"), ("/graphiql/", "../graphiql")] {
        let reply = send(fetch(path)).await;
        assert_eq!((reply.status.as_u16(), reply.header("location")), (302, to));
    }
    for path in [
        "/graphiql/none.js",
        "/graphiql/assets/",
        "/graphiql/../Cargo.toml",
    ] {
        assert_eq!(send(fetch(path)).await.status, 404, "{path}");
    }
    let posted = send(TestRequest::post().uri("/graphiql")).await;
    assert!(posted.status.is_client_error());
}

#[actix_web::test]
async fn tokens_are_for_development_by_a_name_of_this_machine() {
    let mint = || {
        let secret = SecretSlice::from(SECRET.to_vec());
        Arc::new(TokenMint::new(
            Some("a".to_owned()),
            &secret,
            "issuer",
            "audience",
        ))
    };
    // development, host, tokens
    let rows = [
        (true, "127.0.0.1:8080", true),
        (true, "localhost:8080", true),
        (true, "[::1]:8080", true),
        (true, "localhost", true),
        (true, "rebound.example:8080", false),
        (true, "localhost.example", false),
        (false, "127.0.0.1:8080", false),
    ];
    for (development, host, given) in rows {
        let mut edge = edge(&Runs::default());
        edge.page.mint = development.then(mint);
        let send = app(edge).await;
        let settings = fetch("/graphiql/settings.json").insert_header(("host", host));
        let reply = send(settings).await;
        assert_eq!(reply.status, 200);
        assert_eq!(reply.header("cache-control"), "no-store");
        assert_eq!(reply.header("access-control-allow-origin"), "");
        assert_eq!(reply.json["development"], given, "{host}");
        assert_eq!(reply.json["account"], "demo");
        for whose in ["user", "studio"] {
            assert_eq!(reply.json.get(whose).is_some(), given, "{host}");
        }
        if !given {
            continue;
        }
        let user = reply.json["user"].as_str().unwrap_or("");
        let asked = post("{ who }").insert_header(("authorization", format!("Bearer {user}")));
        assert_eq!(send(asked).await.json["data"]["who"], "demo");
    }
}

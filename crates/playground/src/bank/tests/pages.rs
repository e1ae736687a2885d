//! The pages and their forms.

use reqwest::StatusCode;
use reqwest::header::{CACHE_CONTROL, CONTENT_SECURITY_POLICY, LOCATION, SET_COOKIE};
use reqwest::multipart::{Form, Part};

use super::{ALL_THE_MONEY, Setup, client};
use crate::bank::statements::LONGEST;

#[tokio::test]
async fn the_session_cookie_is_as_plain_as_they_come() {
    let setup = Setup::start().await;
    let form = [("username", "alice"), ("password", "wonderland")];
    let reply = client().post(setup.url("/login")).form(&form).send().await.unwrap();
    let line = reply.headers()[SET_COOKIE].to_str().unwrap().to_owned();
    let (cookie, attributes) = line.split_once(';').unwrap();
    assert!(cookie.strip_prefix("bank_session=").is_some_and(|id| id.len() >= 32), "{line}");
    assert_eq!(attributes, " Path=/; HttpOnly", "no SameSite: the attacks are to work");
}

#[tokio::test]
async fn whoever_is_not_logged_in_is_sent_to_the_login_form() {
    let setup = Setup::start().await;
    let nobody = client();
    for path in ["/", "/account", "/transfer?to=bob", "/search?q=rent"] {
        let reply = nobody.get(setup.url(path)).send().await.unwrap();
        assert_eq!(reply.status(), StatusCode::SEE_OTHER, "{path}");
        assert_eq!(reply.headers()[LOCATION], "/login", "{path}");
    }
    let form = [("to", "bob"), ("amount", "1")];
    let reply = nobody.post(setup.url("/transfer")).form(&form).send().await.unwrap();
    assert_eq!(reply.headers()[LOCATION], "/login");
}

#[tokio::test]
async fn a_login_that_fails_says_so_and_sets_no_cookie() {
    let setup = Setup::start().await;
    for (row, body) in [
        ("a wrong password", "username=alice&password=builder"),
        ("nobody", "username=nobody&password=wonderland"),
        ("no password", "username=alice"),
        ("no form", "{}"),
        ("bytes that are no text", "username=%ff%fe&password=%00"),
    ] {
        let request = client().post(setup.url("/login")).body(body);
        let request = request.header("content-type", "application/x-www-form-urlencoded");
        let reply = request.send().await.unwrap();
        assert_eq!(reply.status(), StatusCode::BAD_REQUEST, "{row}");
        assert!(!reply.headers().contains_key(SET_COOKIE), "{row}");
        assert!(reply.text().await.unwrap().contains("role=\"alert\""), "{row}");
    }
}

#[tokio::test]
async fn logging_in_again_and_logging_out_end_the_old_session() {
    let setup = Setup::start().await;
    let alice = setup.alice().await;
    let old = |cookie: String| client().get(setup.url("/account")).header("cookie", cookie);
    let form = [("username", "bob"), ("password", "builder")];
    let reply = alice.send_form("/login", &form).await;
    assert_eq!(reply.status(), StatusCode::SEE_OTHER);
    assert_eq!(old(alice.cookie.clone()).send().await.unwrap().status(), StatusCode::SEE_OTHER);
    assert!(alice.page("/account").await.contains("<span>bob</span>"));

    let reply = alice.send_form("/logout", &[]).await;
    assert_eq!(reply.headers()[LOCATION], "/login");
    let line = reply.headers()[SET_COOKIE].to_str().unwrap();
    assert!(line.starts_with("bank_session=;") && line.contains("Max-Age=0"), "{line}");
    assert_eq!(alice.get("/account").await.status(), StatusCode::SEE_OTHER);
}

#[tokio::test]
async fn a_transfer_moves_the_money_and_shows_on_both_sides() {
    let setup = Setup::start().await;
    let (alice, bob) = (setup.alice().await, setup.bob().await);
    let form = [("to", "bob"), ("amount", "12.50"), ("note", "<b>Cake</b> & tea")];
    let reply = alice.send_form("/transfer", &form).await;
    assert_eq!(reply.status(), StatusCode::SEE_OTHER);
    assert_eq!(reply.headers()[LOCATION], "/account?done=sent");

    let page = alice.page("/account?done=sent").await;
    for text in
        ["€987.50", "to bob", "&lt;b&gt;Cake&lt;/b&gt; &amp; tea", "The money has been sent."]
    {
        assert!(page.contains(text), "{text} is missing in\n{page}");
    }
    let page = bob.page("/account").await;
    assert!(page.contains("€512.50") && page.contains("from alice"), "{page}");
    assert_eq!(setup.money().await, ALL_THE_MONEY);
}

#[tokio::test]
async fn a_transfer_that_cannot_be_made_says_why_and_keeps_what_was_typed() {
    let setup = Setup::start().await;
    let alice = setup.alice().await;
    let long = "x".repeat(141);
    for (row, form, why) in [
        (
            "nobody",
            [("to", "nobody"), ("amount", "1"), ("note", "kept")],
            "`nobody` has no account",
        ),
        ("no receiver", [("to", ""), ("amount", "1"), ("note", "kept")], "has no account"),
        ("oneself", [("to", "alice"), ("amount", "1"), ("note", "kept")], "your own account"),
        ("too much", [("to", "bob"), ("amount", "1000.01"), ("note", "kept")], "at most €1,000.00"),
        ("no amount", [("to", "bob"), ("amount", ""), ("note", "kept")], "the amount must be"),
        ("a minus", [("to", "bob"), ("amount", "-5"), ("note", "kept")], "the amount must be"),
        (
            "a fraction",
            [("to", "bob"), ("amount", "0.001"), ("note", "kept")],
            "the amount must be",
        ),
        ("a long note", [("to", "bob"), ("amount", "1"), ("note", &long)], "the note must be"),
        ("two lines", [("to", "bob"), ("amount", "1"), ("note", "a\nb")], "the note must be"),
        ("a NUL", [("to", "bo\0b"), ("amount", "1"), ("note", "kept")], "has no account"),
        ("SQL", [("to", "' OR 1=1 --"), ("amount", "1"), ("note", "kept")], "has no account"),
    ] {
        let reply = alice.send_form("/transfer", &form).await;
        assert_eq!(reply.status(), StatusCode::BAD_REQUEST, "{row}");
        let page = reply.text().await.unwrap();
        assert!(page.contains("role=\"alert\"") && page.contains(why), "{row}:\n{page}");
        if form[2].1 == "kept" {
            assert!(page.contains("value=\"kept\""), "{row}");
        }
    }
    assert_eq!(alice.balance().await, 100_000);
    assert_eq!(setup.money().await, ALL_THE_MONEY);
}

#[tokio::test]
async fn forms_that_are_none_are_bad_requests() {
    let setup = Setup::start().await;
    let alice = setup.alice().await;
    let form = "application/x-www-form-urlencoded";
    let large = "x".repeat(70_000);
    for (row, path, kind, body, status) in [
        ("another type", "/transfer", "text/plain", "to=bob&amount=1", 400),
        ("no type", "/transfer", "", "to=bob&amount=1", 400),
        ("bytes that are no text", "/transfer", form, "to=%ff&amount=1", 400),
        ("a field twice", "/transfer", form, "to=bob&to=mallory&amount=1", 400),
        ("nothing", "/transfer", form, "", 400),
        ("too long", "/transfer", form, large.as_str(), 413),
        ("no multipart", "/statements", form, "note=x", 400),
        ("no boundary", "/statements", "multipart/form-data", "x", 400),
        ("no parts", "/statements", "multipart/form-data; boundary=x", "x", 400),
        ("cut off", "/statements", "multipart/form-data; boundary=x", "--x\r\nContent-", 400),
    ] {
        let request = alice.client.post(alice.url(path)).body(body.to_owned());
        let request = if kind.is_empty() { request } else { request.header("content-type", kind) };
        let reply = request.send().await.unwrap();
        assert_eq!(reply.status(), status, "{row}");
        assert!(reply.text().await.unwrap().contains("role=\"alert\""), "{row}");
    }
    assert_eq!(alice.balance().await, 100_000);
}

#[tokio::test]
async fn a_link_fills_the_form_in_and_changes_nothing() {
    let setup = Setup::start().await;
    let alice = setup.alice().await;
    let page = alice.page("/transfer?to=mallory&amount=10&note=%22%3E%3Cscript%3E").await;
    assert!(page.contains("name=\"to\" value=\"mallory\""), "{page}");
    assert!(page.contains("value=\"&quot;&gt;&lt;script&gt;\""), "{page}");
    assert_eq!(alice.balance().await, 100_000);
    let reply = alice.get("/transfer?to=%ff").await;
    assert!(!reply.status().is_server_error());
}

#[tokio::test]
async fn the_search_finds_names_and_words() {
    let setup = Setup::start().await;
    let alice = setup.alice().await;
    for note in ["Rent for May", "100% cake", "Flowers"] {
        alice.send_form("/transfer", &[("to", "bob"), ("amount", "1"), ("note", note)]).await;
    }
    for (query, found, missed) in [
        ("rent", &["Rent for May"][..], &["100% cake", "Flowers"][..]),
        ("%25", &["100% cake"], &["Rent for May", "Flowers"]),
        ("BOB", &["Rent for May", "100% cake", "Flowers"], &[]),
        ("_", &[], &["Rent for May", "100% cake", "Flowers"]),
        ("%27", &[], &["Rent for May"]),
    ] {
        let page = alice.page(&format!("/search?q={query}")).await;
        for note in found {
            assert!(page.contains(note), "`{query}` misses {note}");
        }
        for note in missed {
            assert!(!page.contains(note), "`{query}` finds {note}");
        }
    }
    let reply = alice.get(&format!("/search?q={}", "x".repeat(201))).await;
    assert_eq!(reply.status(), StatusCode::BAD_REQUEST);
}

#[tokio::test]
async fn a_statement_is_filed_with_its_name_and_length() {
    let setup = Setup::start().await;
    let alice = setup.alice().await;
    // More than one read of the socket, and more than other forms may be.
    let part = Part::bytes(vec![b'x'; 300_000]).file_name("<may>.pdf");
    let form = Form::new().text("note", "taxes").part("file", part);
    let reply = alice.client.post(alice.url("/statements")).multipart(form).send().await.unwrap();
    assert_eq!(reply.status(), StatusCode::SEE_OTHER);
    assert_eq!(reply.headers()[LOCATION], "/account?done=filed");
    let page = alice.page("/account").await;
    for text in ["&lt;may&gt;.pdf", "300000 bytes", "taxes"] {
        assert!(page.contains(text), "{text} is missing in\n{page}");
    }
    assert!(!setup.bob().await.page("/account").await.contains("taxes"), "it is hers alone");
}

#[tokio::test]
async fn a_statement_that_cannot_be_filed_says_why() {
    let setup = Setup::start().await;
    let alice = setup.alice().await;
    let file = |name: &str| Part::bytes(b"x".as_slice()).file_name(name.to_owned());
    let large = Part::bytes(vec![0; LONGEST]).file_name("large");
    for (row, form, status) in [
        ("no file", Form::new().text("note", "x"), 400),
        ("no file chosen", Form::new().part("file", file("")), 400),
        ("a file without a name", Form::new().text("file", "x"), 400),
        ("a long name", Form::new().part("file", file(&"n".repeat(141))), 400),
        ("a long note", Form::new().text("note", "n".repeat(2000)).part("file", file("x")), 400),
        ("too large", Form::new().part("file", large), 413),
    ] {
        let request = alice.client.post(alice.url("/statements")).multipart(form);
        let reply = request.send().await.unwrap();
        assert_eq!(reply.status(), status, "{row}");
        assert!(reply.text().await.unwrap().contains("role=\"alert\""), "{row}");
    }
    assert!(!alice.page("/account").await.contains(" bytes</small>"), "nothing was filed");
}

#[tokio::test]
async fn pages_run_no_code_of_their_own_and_are_kept_nowhere() {
    let setup = Setup::start().await;
    let alice = setup.alice().await;
    for path in ["/login", "/account", "/nowhere", "/api/accounts"] {
        let reply = alice.get(path).await;
        assert_eq!(reply.headers()[CONTENT_SECURITY_POLICY], "default-src 'self'", "{path}");
        assert_eq!(reply.headers()[CACHE_CONTROL], "no-store", "{path}");
        let page = reply.text().await.unwrap();
        for inline in ["<style", "style=", "<script>", " onclick", "data:", "javascript:"] {
            assert!(!page.contains(inline), "{path} has {inline}");
        }
    }
}

#[tokio::test]
async fn assets_may_be_kept_by_everybody() {
    let setup = Setup::start().await;
    let alice = setup.alice().await;
    for (path, kind) in [
        ("/static/bank.css", "text/css; charset=utf-8"),
        ("/static/bank.js", "text/javascript; charset=utf-8"),
        ("/static/bank.svg", "image/svg+xml"),
    ] {
        let reply = alice.get(path).await;
        assert_eq!(reply.status(), StatusCode::OK, "{path}");
        assert_eq!(reply.headers()["content-type"], kind, "{path}");
        assert_eq!(reply.headers()[CACHE_CONTROL], "public, max-age=3600", "{path}");
        assert!(!reply.headers().contains_key(SET_COOKIE), "{path}");
    }
}

#[tokio::test]
async fn one_form_goes_to_another_site() {
    let setup = Setup::start().await;
    let page = setup.alice().await.page("/account").await;
    assert!(
        page.contains("<form method=\"post\" action=\"http://donations.example/give\">"),
        "{page}"
    );
}

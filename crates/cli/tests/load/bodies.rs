//! Bodies of a size that no memory should ever see at once.

use std::io::{ErrorKind, Write};

use crate::app::{App, report};
use crate::client::Client;
use crate::gateway::Gateway;
use crate::pattern::{self, Seen};
use crate::{GROWTH, STUCK, large, mib};

/// Says where a request comes from, so that nothing in its body has to.
pub(crate) const OWN: &str =
    "Sec-Fetch-Site: same-origin\r\nContent-Type: application/octet-stream\r\n";

/// What the system's own buffers of two connections take up. They grow up to what the machine permits,
/// and are not the process's memory.
const ON_THE_WAY: u64 = 96 << 20;

/// The memory that `work` makes the gateway need, at most.
fn growth(name: &str, gateway: &Gateway, work: impl FnOnce()) {
    gateway.warm_up();
    let before = gateway.memory();
    let begun = std::time::Instant::now();
    work();
    let grown = gateway.peak().saturating_sub(before);
    eprintln!("{name}: {} more than {}, in {:?}", mib(grown), mib(before), begun.elapsed());
    assert!(grown < GROWTH, "{name}: {}", mib(grown));
    gateway.is_well();
}

#[test]
fn a_large_upload_passes_through() {
    let app = App::start();
    let gateway = Gateway::start(&app, "", "");
    let size = large();
    growth("upload", &gateway, || {
        let mut client = Client::connect(gateway.address());
        client.ask("POST /up", &format!("{OWN}Content-Length: {size}\r\n"));
        pattern::send(client.wire(), size).unwrap();
        let answer = client.head();
        assert_eq!(client.text(&answer), report(&Seen::all(size), ""), "{answer:?}");
    });
}

#[test]
fn a_large_download_passes_through() {
    let app = App::start();
    let gateway = Gateway::start(&app, "", "");
    let size = large();
    growth("download", &gateway, || {
        let mut client = Client::connect(gateway.address());
        client.ask(&format!("GET /down/{size}"), "");
        let answer = client.head();
        assert_eq!((answer.status, answer.length), (200, size));
        let mut seen = Seen::default();
        client.compare(&mut seen, size);
        assert_eq!(seen, Seen::all(size));
    });
}

#[test]
fn an_upload_waits_for_an_app_that_reads_slowly() {
    let app = App::start();
    let gateway = Gateway::start(&app, "", "");
    let size = large() / 2;
    growth("upload to a slow app", &gateway, || {
        let mut client = Client::connect(gateway.address());
        client.ask("POST /paced", &format!("{OWN}Content-Length: {size}\r\n"));
        client.wire().set_write_timeout(Some(STUCK)).unwrap();
        let (mut sent, mut allowed, mut waits) = (0, 0, 0);
        while sent < size {
            match client.wire().write(pattern::piece(sent, pattern::next(size - sent))) {
                Ok(taken) => sent += taken as u64,
                Err(error) if error.kind() == ErrorKind::WouldBlock => {
                    let ahead = sent.saturating_sub(allowed);
                    assert!(ahead < ON_THE_WAY, "{} that nobody wanted", mib(ahead));
                    waits += 1;
                    allowed += size / 4;
                    app.allow(allowed);
                }
                Err(error) => panic!("after {sent} bytes: {error}"),
            }
        }
        app.allow(u64::MAX);
        assert!(waits >= 3, "the client was held back {waits} times only");
        let answer = client.head();
        assert_eq!(client.text(&answer), report(&Seen::all(size), ""), "{answer:?}");
    });
}

#[test]
fn a_download_waits_for_its_client() {
    let app = App::start();
    let gateway = Gateway::start(&app, "", "");
    let size = large() / 4;
    growth("download to a slow client", &gateway, || {
        let mut client = Client::connect(gateway.address());
        client.ask(&format!("GET /down/{size}"), "");
        assert_eq!(client.head().status, 200);
        let mut seen = Seen::default();
        client.compare(&mut seen, 1 << 20);
        let ahead = app.stuck_at().saturating_sub(seen.bytes);
        assert!(ahead < ON_THE_WAY, "{} that nobody read", mib(ahead));
        client.compare(&mut seen, size - (1 << 20));
        assert_eq!(seen, Seen::all(size));
    });
}

#[test]
fn a_large_file_in_a_form_follows_its_token() {
    let app = App::start();
    let gateway = Gateway::start(&app, "", "dialect = \"voss\"");
    let size = large() / 4;
    let mut client = Client::connect(gateway.address());
    let begun = client.get("/login/");
    let token = begun.all("x-csrftoken").next().unwrap();
    let cookies = begun.all("set-cookie").map(|cookie| cookie.split(';').next().unwrap());
    let cookies = cookies.collect::<Vec<_>>().join("; ");
    let part = "--b\r\nContent-Disposition: form-data; name=";
    let before = format!(
        "{part}\"csrfmiddlewaretoken\"\r\n\r\n{token}\r\n{part}\"file\"; filename=\"f\"\r\n\r\n"
    );
    let behind = "\r\n--b--\r\n";
    let length = before.len() as u64 + size + behind.len() as u64;
    let fields = format!(
        "Sec-Fetch-Site: same-origin\r\nCookie: {cookies}\r\n\
         Content-Type: multipart/form-data; boundary=b\r\nContent-Length: {length}\r\n\
         X-Before: {}\r\nX-Behind: {}\r\n",
        before.len(),
        behind.len(),
    );
    growth("a form with a file", &gateway, || {
        client.ask("POST /up", &fields);
        client.wire().write_all(before.as_bytes()).unwrap();
        pattern::send(client.wire(), size).unwrap();
        client.wire().write_all(behind.as_bytes()).unwrap();
        let answer = client.head();
        let whole = report(&Seen::all(size), &format!("{before}{behind}"));
        assert_eq!(client.text(&answer), whole, "{answer:?}");
    });
}

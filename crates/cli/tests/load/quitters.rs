//! Clients that go away in the middle of everything.

use std::io::{Read, Write};
use std::net::TcpStream;

use crate::app::App;
use crate::bodies::OWN;
use crate::client::Client;
use crate::gateway::{Gateway, kept};
use crate::{pattern, resets, until};

const CLIENTS: usize = 200;

/// What a client does before it goes, and how many requests the app has got of it then.
type Beginning = (&'static str, usize, fn(&str) -> TcpStream);

fn wrote(address: &str, text: &str) -> TcpStream {
    let mut client = Client::connect(address);
    client.wire().write_all(text.as_bytes()).unwrap();
    client.stream.into_inner()
}

fn asked(address: &str, line: &str, fields: &str, body: &str) -> TcpStream {
    let mut client = Client::connect(address);
    client.ask(line, fields);
    client.wire().write_all(body.as_bytes()).unwrap();
    client.stream.into_inner()
}

const BEGINNINGS: [Beginning; 9] = [
    ("nothing", 0, |address| wrote(address, "")),
    ("a request line", 0, |address| wrote(address, "GET / HT")),
    ("half a head", 0, |address| wrote(address, "GET / HTTP/1.1\r\nHost: a\r\nX: ")),
    ("a part of a streamed body", 1, |address| {
        let fields = format!("{OWN}Content-Length: 100000000\r\n");
        let mut stream = asked(address, "POST /up", &fields, "");
        pattern::send(&mut stream, 100_000).unwrap();
        stream
    }),
    ("a part of a chunk", 1, |address| {
        let fields = format!("{OWN}Transfer-Encoding: chunked\r\n");
        asked(address, "POST /wait", &fields, "5\r\nabcde\r\n5\r\nab")
    }),
    ("a part of a form that is held", 0, |address| {
        let form =
            "Content-Type: application/x-www-form-urlencoded\r\nCookie: session=5d1ccc96\r\n";
        let fields = format!("{form}Content-Length: 1000\r\n");
        asked(address, "POST /up", &fields, "to=bob&amount=5")
    }),
    ("a request that the app is slow to answer", 1, |address| asked(address, "GET /wait", "", "")),
    ("a part of a response", 1, |address| {
        let mut client = Client::connect(address);
        client.ask("GET /down/100000000", "");
        client.stream.read_exact(&mut [0; 100_000]).unwrap();
        client.stream.into_inner()
    }),
    ("requests over HTTP/2", 3, |address| {
        let mut stream = resets::connect(address);
        for id in [1, 3, 5] {
            stream.write_all(&resets::request(id)).unwrap();
        }
        stream
    }),
];

#[test]
fn clients_that_go_away_leave_nothing_behind() {
    let app = App::start();
    let gateway = Gateway::start(&app, "", "");
    gateway.warm_up();
    let (files, open) = (gateway.files(), app.open());
    // Several at a time, and each as soon as it can: the gateway meets them wherever they are.
    std::thread::scope(|scope| {
        for first in 0..4 {
            let gateway = &gateway;
            scope.spawn(move || {
                for number in (first..CLIENTS).step_by(4) {
                    let (_, _, begin) = BEGINNINGS[number % BEGINNINGS.len()];
                    drop(begin(&gateway.addresses[number / BEGINNINGS.len() % 2]));
                }
            });
        }
    });
    gateway.lets_go(files);
    until("the app is not kept waiting", || app.open() <= open + kept());
    gateway.is_well();

    // One kind after the other, and only when the gateway is where it should be.
    for (name, requests, begin) in BEGINNINGS {
        let before = app.requests();
        // From here, not from the start: connections to the app that were kept then are gone since.
        let settled = gateway.files();
        let addresses = gateway.addresses.iter().cycle().take(8 + kept());
        let clients: Vec<TcpStream> = addresses.map(|address| begin(address)).collect();
        // Connections to the app may be closed meanwhile: so many are not counted on.
        until(name, || {
            app.requests() >= before + requests * clients.len()
                && gateway.files() + kept() >= settled + clients.len()
        });
        drop(clients);
        until(name, || gateway.files() <= files + kept() && app.open() <= open + kept());
    }
    gateway.is_well();
}

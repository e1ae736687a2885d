//! As many clients as a busy day brings, most of which want nothing, and some of which are in no hurry.

use std::io::{ErrorKind, Read, Write};
use std::net::TcpStream;
use std::time::{Duration, Instant};

use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

use crate::app::App;
use crate::client::Client;
use crate::gateway::{Gateway, kept};
use crate::{PATIENCE, mib, until};

const IDLE: usize = 10_000;
const SLOW: usize = 1_000;

/// Of the idle ones, how many have asked for something before.
const HAVE_ASKED: usize = 500;

const HEADER: Duration = Duration::from_secs(1);
const SHORT_IDLE: Duration = Duration::from_secs(2);

/// The clock that deadlines are kept by counts whole milliseconds.
const TICK: Duration = Duration::from_millis(2);

/// Memory for a connection. hyper's first buffer has 8 KiB, and task, timer and socket need less than as
/// much again. A connection must not take as much as the limit of a head, 64 KiB, before a head is there.
const A_CONNECTION: u64 = 32 << 10;

/// How many idle clients this machine permits a process, after asking for all it has.
fn idle_clients() -> usize {
    let Rlimit { maximum, .. } = getrlimit(Resource::Nofile);
    setrlimit(Resource::Nofile, Rlimit { current: maximum, maximum }).unwrap();
    let most = maximum.map_or(usize::MAX, |most| usize::try_from(most).unwrap());
    // The other tests of this process need files as well.
    let idle = IDLE.min(most.saturating_sub(SLOW + 2_000));
    assert!(idle > SLOW, "a process may open {most} files only; raise the hard limit (ulimit -Hn)");
    if idle < IDLE {
        eprintln!("{idle} idle clients instead of {IDLE}: a process may open {most} files");
    }
    idle
}

/// Clients that connect and then keep silent; every twentieth has asked for something.
fn idle_crowd(gateway: &Gateway, count: usize) -> Vec<(Instant, TcpStream)> {
    let connect = |number: usize| {
        let begun = Instant::now();
        let address = &gateway.addresses[number % 2];
        if number.is_multiple_of(count / HAVE_ASKED) {
            let mut client = Client::connect(address);
            assert_eq!(client.get("/").status, 200);
            return (begun, client.stream.into_inner());
        }
        (begun, TcpStream::connect(address).unwrap())
    };
    (0..count).map(connect).collect()
}

/// Clients that send a byte of a head from time to time.
struct SlowCrowd(Vec<(Instant, TcpStream)>);

impl SlowCrowd {
    fn connect(gateway: &Gateway) -> Vec<TcpStream> {
        let connect = |number: usize| TcpStream::connect(&gateway.addresses[number % 2]).unwrap();
        (0..SLOW).map(connect).collect()
    }

    fn begin(streams: Vec<TcpStream>) -> Self {
        let begin = |mut stream: TcpStream| {
            stream.set_nonblocking(true).unwrap();
            let begun = Instant::now();
            stream.write_all(b"GET / HTTP/1.1\r\nHost: a\r\nX-Slow: ").unwrap();
            (begun, stream)
        };
        Self(streams.into_iter().map(begin).collect())
    }

    /// A byte more from each. Those that the gateway has closed drop out.
    fn drip(&mut self) {
        self.0.retain_mut(|(begun, stream)| {
            let is_open = match stream.read(&mut [0; 256]) {
                Err(error) if error.kind() == ErrorKind::WouldBlock => {
                    matches!(stream.write(b"a"), Ok(1))
                }
                Err(_) | Ok(0) => false,
                Ok(_) => true,
            };
            let open_for = begun.elapsed();
            assert!(is_open || open_for + TICK >= HEADER, "closed after {open_for:?}");
            is_open
        });
    }
}

#[test]
fn a_crowd_keeps_nobody_waiting_and_leaves_nothing_behind() {
    let count = idle_clients();
    let app = App::start();
    let tables = |idle| format!("[deadlines]\nheader = \"1s\"\nidle = \"{idle}\"");
    let gateway = Gateway::start(&app, &tables("1h"), "");
    gateway.warm_up();
    let (files, memory) = (gateway.files(), gateway.memory());
    let mut regular = Client::connect(gateway.address());

    let idle = idle_crowd(&gateway, count);
    let slow = SlowCrowd::connect(&gateway);
    until("all clients are connected", || gateway.files() >= files + count + SLOW);
    let mut slow = SlowCrowd::begin(slow);
    let (begun, mut answered) = (Instant::now(), 0);
    while !slow.0.is_empty() {
        assert!(begun.elapsed() < PATIENCE, "{} slow clients were never closed", slow.0.len());
        slow.drip();
        for mut client in
            [Client::connect(gateway.address()), Client::connect(&gateway.addresses[1])]
        {
            assert_eq!(client.get("/").status, 200);
        }
        assert_eq!(regular.get("/").status, 200);
        answered += 3;
    }
    assert!(gateway.files() >= files + count, "an idle client was closed early");
    let peak = gateway.peak();
    let each = (peak - memory) / (count + SLOW) as u64;
    eprintln!(
        "{count} idle and {SLOW} slow clients: {} more than {}, {each} bytes for each; {answered} \
         others were answered while slow ones lasted",
        mib(peak - memory),
        mib(memory),
    );
    assert!(each < A_CONNECTION, "{each} bytes for a connection");
    drop(idle);
    gateway.lets_go(files + 1);
    eprintln!("{} when all had left", mib(gateway.memory()));

    // The same crowd again finds the memory of the first one, and this time the gateway ends it.
    gateway.reload(&tables("2s"));
    for (begun, mut stream) in idle_crowd(&gateway, count) {
        stream.set_read_timeout(Some(PATIENCE)).unwrap();
        let end = stream.read(&mut [0; 1]);
        let open_for = begun.elapsed();
        assert!(matches!(end, Ok(0)), "not closed but {end:?}");
        assert!(open_for + TICK >= SHORT_IDLE, "closed after {open_for:?}");
    }
    gateway.lets_go(files + 1);
    let again = gateway.peak();
    eprintln!("{} at the most with a second crowd", mib(again));
    assert!(again < peak + (peak - memory) / 2, "{} after {}", mib(again), mib(peak));
    // The allocator gives back what it does not need when it is asked for something.
    until("the memory comes back", || {
        regular.get("/").status == 200 && gateway.memory() < memory + (peak - memory) / 2
    });
    eprintln!("{} when it had left", mib(gateway.memory()));
    until("the app keeps no connections of the crowd", || app.open() <= 2 * kept());
    gateway.is_well();
}

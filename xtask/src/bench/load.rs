//! One turn of the load generator, wrk.

use std::fs;
use std::net::SocketAddr;
use std::process::{Command, Stdio};
use std::time::Duration;

use serde_json::Value;

use super::case::Request;
use crate::Result;

const CONNECTIONS: &str = "32";
const ANSWER: &str = "countersign-bench ";

/// What the load generator saw.
#[derive(Debug, PartialEq)]
pub(crate) struct Seen {
    pub(crate) requests: f64,
    pub(crate) lasted: Duration,
    /// Answers of status 400 and above, broken connections, and requests without an answer.
    pub(crate) errors: u64,
    pub(crate) p50: Duration,
    pub(crate) p99: Duration,
}

/// Sends `request` on all connections, over and over, for `span`.
pub(crate) fn run(request: &Request, address: SocketAddr, span: Duration) -> Result<Seen> {
    let script = tempfile::NamedTempFile::with_suffix(".lua")?;
    fs::write(script.path(), lua(request))?;
    let mut wrk = Command::new("taskset");
    wrk.args(["-c", "1", "wrk", "--threads", "1", "--connections", CONNECTIONS, "--latency"])
        .arg("--duration")
        .arg(format!("{}s", span.as_secs().max(1)))
        .arg("--script")
        .arg(script.path());
    for (name, value) in &request.headers {
        wrk.arg("--header").arg(format!("{name}: {value}"));
    }
    let output = wrk
        .arg(format!("http://{address}{}", request.path))
        .stdin(Stdio::null())
        .output()
        .map_err(|error| format!("cannot run `wrk`: {error}"))?;
    let printed = String::from_utf8_lossy(&output.stdout);
    seen(&printed).ok_or_else(|| {
        let complaint = String::from_utf8_lossy(&output.stderr);
        format!("`wrk` gave no figures, {}:\n{printed}{complaint}", output.status).into()
    })
}

/// What wrk must be told in its own language: the request's kind, and to end with figures that
/// need no guessing of units. Without a `request` function it writes the request once, not each time.
fn lua(request: &Request) -> String {
    format!(
        "wrk.method = \"{}\"\n\
         wrk.body = {}\n\
         function done(summary, latency, requests)\n\
         local e = summary.errors\n\
         io.write(string.format('{ANSWER}{{\"requests\":%d,\"us\":%d,\"errors\":%d,\"p50\":%d,\"p99\":%d}}\\n',\n\
         summary.requests, summary.duration, e.connect + e.read + e.write + e.status + e.timeout,\n\
         latency:percentile(50), latency:percentile(99)))\n\
         end\n",
        request.method,
        if request.body.is_empty() {
            "nil".to_owned()
        } else {
            format!("[==[{}]==]", request.body)
        },
    )
}

fn seen(printed: &str) -> Option<Seen> {
    let figures = printed.lines().find_map(|line| line.strip_prefix(ANSWER))?;
    let figures: Value = serde_json::from_str(figures).ok()?;
    let micros = |name: &str| figures.get(name)?.as_u64().map(Duration::from_micros);
    Some(Seen {
        requests: figures.get("requests")?.as_f64()?,
        lasted: micros("us")?,
        errors: figures.get("errors")?.as_u64()?,
        p50: micros("p50")?,
        p99: micros("p99")?,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn figures_are_found_among_what_wrk_prints() {
        let printed = "Running 2s test\n  1 threads\ncountersign-bench \
                       {\"requests\":90,\"us\":2000000,\"errors\":3,\"p50\":400,\"p99\":900}\n";
        let expected = Seen {
            requests: 90.0,
            lasted: Duration::from_secs(2),
            errors: 3,
            p50: Duration::from_micros(400),
            p99: Duration::from_micros(900),
        };
        assert_eq!(seen(printed), Some(expected));
        assert_eq!(seen("Running 2s test\nunable to connect\n"), None);
    }

    #[test]
    fn bodies_reach_wrk_as_they_are() {
        let request = Request {
            method: "POST",
            path: "/",
            headers: Vec::new(),
            body: r#"{"a":"b"}"#.to_owned(),
        };
        assert!(lua(&request).contains(r#"wrk.body = [==[{"a":"b"}]==]"#));
    }
}

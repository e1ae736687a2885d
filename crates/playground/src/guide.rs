//! What `countersign playground` prints at start: where everything is, and what to try.

use std::io::{self, Write};

use anstyle::{AnsiColor, Style};

use crate::context::{Addresses, attacker_url};
use crate::service::Service;

const TITLE: Style = Style::new().bold();
const ADDRESS: Style = AnsiColor::Cyan.on_default();
const HINT: Style = Style::new().dimmed();

/// One service: its address and a few commands to paste, each with a word on what it shows.
pub(crate) struct Section {
    /// Which.
    pub(crate) service: Service,
    /// Its product.
    pub(crate) title: &'static str,
    /// Its base URL.
    pub(crate) address: String,
    /// A hint and a command each.
    pub(crate) steps: Vec<(&'static str, String)>,
}

/// Prints the guide, or with `json` one line of JSON with all addresses. Colours only on a terminal, and
/// not where `NO_COLOR` is set.
///
/// # Errors
/// When standard output cannot be written.
pub fn print_guide(addresses: &Addresses, json: bool) -> io::Result<()> {
    let mut out = anstream::stdout().lock();
    if json {
        writeln!(out, "{}", serde_json::to_string(addresses)?)?;
    } else {
        write_guide(&mut out, addresses)?;
    }
    out.flush()
}

fn write_guide(out: &mut impl Write, addresses: &Addresses) -> io::Result<()> {
    for Section { title, address, steps, .. } in sections(addresses) {
        writeln!(out, "{TITLE}{title}{TITLE:#}  {ADDRESS}{address}{ADDRESS:#}")?;
        for (hint, command) in steps {
            writeln!(out, "  {HINT}# {hint}{HINT:#}\n  {command}")?;
        }
        writeln!(out)?;
    }
    let attacker = attacker_url(&addresses.attacker);
    writeln!(out, "{TITLE}A page that attacks the bank{TITLE:#}  {ADDRESS}{attacker}{ADDRESS:#}")?;
    let portal = addresses.portal;
    writeln!(out, "{TITLE}All of it in a browser{TITLE:#}  {ADDRESS}http://{portal}{ADDRESS:#}")?;
    writeln!(out, "{HINT}Ctrl-C stops it.{HINT:#}")
}

/// A section for each service.
pub(crate) fn sections(addresses: &Addresses) -> [Section; 6] {
    let http = |address| format!("http://{address}");
    [
        genesys(http(addresses.genesys)),
        voss(http(addresses.voss)),
        redback(http(addresses.redback)),
        vmanage(format!("https://{}", addresses.vmanage)),
        tao(http(addresses.tao)),
        bank(http(addresses.bank), &http(addresses.gateway)),
    ]
}

/// What the last command of each service shows.
const HANDSHAKE: &str = "or in one line: the client knows all of it";

/// A command that is pasted where the playground was started: by the way to this very program.
fn ask(what: &str) -> String {
    let program = std::env::current_exe().unwrap_or_else(|_| "countersign".into());
    let here = std::env::current_dir().unwrap_or_default();
    let program = program.strip_prefix(here).unwrap_or(&program).display().to_string();
    let plain = program.bytes().all(|b| b.is_ascii_alphanumeric() || b"/._-".contains(&b));
    let program = if plain { program } else { format!("'{}'", program.replace('\'', "'\\''")) };
    format!("{program} request {what}")
}

fn genesys(address: String) -> Section {
    let me = format!("{address}/api/v2/me");
    let post = "-H 'Content-Type: application/json' -d \
                '{\"operationName\":\"StartContactCenterSession\",\"channels\":[\"voice\"]}'";
    let user = "-u paveld@redwings.com:password";
    let steps = vec![
        ("no token: refused", format!("curl -i {user} {post} {me}")),
        (
            "every GET brings the token ...",
            format!(
                "TOKEN=$(curl -s {user} -c /tmp/genesys.jar -o /dev/null -w '%header{{x-csrf-token}}' {me})"
            ),
        ),
        (
            "... and with it the same call passes",
            format!("curl -i -b /tmp/genesys.jar -H \"X-CSRF-TOKEN: $TOKEN\" {post} {me}"),
        ),
        (
            HANDSHAKE,
            ask(&format!(
                "-i -u mikeb@redwings.com:password POST {address}/api/v2/users --json \
                 '{{\"userName\":\"jo-'$(date +%s)'@redwings.com\",\"password\":\"secret\",\
                 \"firstName\":\"Jo\",\"lastName\":\"Doe\",\"roles\":[\"ROLE_AGENT\"]}}'"
            )),
        ),
    ];
    Section { service: Service::Genesys, title: "Genesys Web Services", address, steps }
}

fn voss(address: String) -> Section {
    let login = format!("{address}/login/");
    let form = "-d 'username=joe&password=bloggs&next=/'";
    let steps = vec![
        ("a form from nowhere: refused", format!("curl -i {form} {login}")),
        (
            "the page brings the cookie and the token ...",
            format!(
                "TOKEN=$(curl -s -c /tmp/voss.jar -o /dev/null -w '%header{{x-csrftoken}}' {login})"
            ),
        ),
        (
            "... and with both the login passes",
            format!(
                "curl -i -b /tmp/voss.jar -c /tmp/voss.jar -H \"X-CSRFToken: $TOKEN\" {form} {login}"
            ),
        ),
        (
            HANDSHAKE,
            ask(&format!(
                "-i --login joe:bloggs POST {address}/api/data/Phone/ --json '{{\"name\":\"SEP00'$(date +%s)'\"}}'"
            )),
        ),
    ];
    Section { service: Service::Voss, title: "VOSS Automate", address, steps }
}

fn redback(address: String) -> Section {
    let base = format!("{address}/restServices/redbackServices");
    let steps = vec![
        (
            "another site's page: refused",
            format!("curl -i -H 'Origin: https://evil.example' {base}/loginService/ping"),
        ),
        (
            "the login brings a token, in the reply ...",
            format!(
                "TOKEN=$(curl -s -c /tmp/redback.jar -H 'Origin: {address}' \
                 -H 'Content-Type: application/json' -d '{{\"username\":\"admin\",\"password\":\"admin1\"}}' \
                 {base}/loginService/logIn | sed 's/.*\"validationToken\":\"\\([^\"]*\\)\".*/\\1/')"
            ),
        ),
        (
            "... and with it the user list comes",
            format!(
                "curl -i -b /tmp/redback.jar -H 'Origin: {address}' -H \"X-XSRF-TOKEN: $TOKEN\" \
                 {base}/userService/getUsers"
            ),
        ),
        (HANDSHAKE, ask(&format!("-i --login admin:admin1 GET {base}/userService/getUsers"))),
    ];
    Section { service: Service::Redback, title: "Apache Archiva Redback", address, steps }
}

fn vmanage(address: String) -> Section {
    let steps = vec![
        (
            "log in; the certificate is made at each start, so -k",
            format!(
                "curl -sk -c /tmp/vmanage.jar -d 'j_username=admin&j_password=admin' \
                 {address}/j_security_check"
            ),
        ),
        (
            "no token: refused, though it only reads",
            format!("curl -sk -i -b /tmp/vmanage.jar {address}/dataservice/device"),
        ),
        (
            "with the token: the devices",
            format!(
                "curl -sk -i -b /tmp/vmanage.jar -H \"X-XSRF-TOKEN: $(curl -sk -b /tmp/vmanage.jar \
                 {address}/dataservice/client/token)\" {address}/dataservice/device"
            ),
        ),
        (
            HANDSHAKE,
            ask(&format!("-i --insecure --login admin:admin GET {address}/dataservice/device")),
        ),
    ];
    Section { service: Service::Vmanage, title: "Cisco SD-WAN vManage", address, steps }
}

fn tao(address: String) -> Section {
    let steps = vec![
        (
            "a pool of one-time tickets comes with the configuration ...",
            format!(
                "TICKET=$(curl -s -c /tmp/tao.jar {address}/tao/ClientConfig/config | \
                 grep -oE '[0-9a-f]{{40}}' | head -n 1)"
            ),
        ),
        (
            "... and each is good for one call: the second time it is refused",
            format!("curl -i -b /tmp/tao.jar -H \"X-CSRF-Token: $TICKET\" {address}/tao/items"),
        ),
        (
            HANDSHAKE,
            ask(&format!(
                "--show-exchange POST {address}/tao/items --json '{{\"label\":\"Fractions\"}}'"
            )),
        ),
    ];
    Section { service: Service::Tao, title: "TAO", address, steps }
}

fn bank(address: String, gateway: &str) -> Section {
    let forged = "-H 'Origin: https://evil.example' -H 'Sec-Fetch-Site: cross-site'";
    let steps = vec![
        (
            "log in, as a browser would",
            format!(
                "curl -s -c /tmp/bank.jar -d 'username=alice&password=wonderland' {address}/login"
            ),
        ),
        (
            "a form on another site: the money is gone, since nobody asks where it came from",
            format!(
                "curl -i -b /tmp/bank.jar {forged} -d 'to=mallory&amount=10.00' {address}/transfer"
            ),
        ),
        ("what is left", format!("curl -s -b /tmp/bank.jar {address}/api/accounts; echo")),
        (
            "the same at the gateway in front of it: refused, and the bank never hears of it",
            format!(
                "curl -i -b /tmp/bank.jar {forged} -d 'to=mallory&amount=10.00' {gateway}/transfer"
            ),
        ),
        (
            "the gateway's copy of the bank's page carries a token ...",
            format!(
                "TOKEN=$(curl -s -b /tmp/bank.jar -H 'Accept: text/html' {gateway}/account | \
                 sed -n 's/.*name=\"csrf-token\" content=\"\\([^\"]*\\).*/\\1/p')"
            ),
        ),
        (
            "... and with it the form passes",
            format!(
                "curl -i -b /tmp/bank.jar -d \"csrf_token=$TOKEN&to=bob&amount=1.00\" {gateway}/transfer"
            ),
        ),
    ];
    Section { service: Service::Bank, title: "Pocket Bank, unprotected", address, steps }
}

#[cfg(test)]
mod tests {
    use std::net::SocketAddr;

    use super::*;

    #[test]
    fn the_guide_names_every_address_and_has_no_colours_of_its_own_off_a_terminal() {
        let at = |port| SocketAddr::from(([127, 0, 0, 1], port));
        let addresses = Addresses {
            genesys: at(1001),
            voss: at(1002),
            redback: at(1003),
            vmanage: at(1004),
            vmanage_http: None,
            tao: at(1005),
            portal: at(1006),
            bank: at(1007),
            gateway: at(1008),
            attacker: at(1009),
        };
        let mut out = anstream::StripStream::new(Vec::new());
        write_guide(&mut out, &addresses).unwrap();
        let guide = String::from_utf8(out.into_inner()).unwrap();
        for url in [
            "http://127.0.0.1:1001",
            "http://127.0.0.1:1002",
            "http://127.0.0.1:1003",
            "https://127.0.0.1:1004",
            "http://127.0.0.1:1005",
            "http://127.0.0.1:1006",
            "http://127.0.0.1:1007",
            "http://localhost:1009",
        ] {
            assert!(guide.contains(url), "{url} is missing in\n{guide}");
        }
        assert!(!guide.contains('\u{1b}'));
        let json = serde_json::to_value(&addresses).unwrap();
        assert_eq!(json["vmanage"], "https://127.0.0.1:1004");
        assert_eq!(json["tao"], "http://127.0.0.1:1005");
        assert_eq!(json["bank"], "http://127.0.0.1:1007");
        assert_eq!(json["attacker"], "http://localhost:1009");
        assert!(json.get("vmanage_http").is_none());
    }
}

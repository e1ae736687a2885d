//! The bypass corpus against the engine.

#![expect(
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used,
    reason = "a test fails by panicking, its helpers too"
)]

#[path = "../common/mod.rs"]
mod common;
mod format;
mod placeholders;
#[path = "../common/text.rs"]
mod text;

use std::cell::RefCell;
use std::collections::BTreeSet;
use std::path::PathBuf;

use countersign::{Facts, Finding, Mode, Policy, Reason, SessionEvidence, Verdict};
use http::{Request, Uri};

use common::{MOMENT, Memory, decide, say};
use format::{Entry, Expect, File, Over, Store, load};
use placeholders::{Placeholders, engine};
use text::request;

fn files() -> Vec<File> {
    load(&PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../corpus"))
}

#[test]
fn every_case_gets_its_verdict() {
    let (mut ran, mut failures) = (0, Vec::new());
    for file in files() {
        for row in &file.rows {
            for entry in row.entries() {
                let place =
                    format!("{} row {} ({}): {}", file.name, row.number, row.name, entry.case.name);
                ran += 1;
                failures.extend(run(&entry).err().map(|fault| format!("{place}: {fault}")));
            }
        }
    }
    assert!(failures.is_empty(), "{} of {ran} cases:\n{}", failures.len(), failures.join("\n"));
    let written: usize = files().iter().map(|file| file.text.matches("[[row.case]]").count()).sum();
    assert_eq!(ran, written, "a case of the files did not run");
}

fn run(entry: &Entry<'_>) -> Result<(), String> {
    let mut placeholders = Placeholders::of(&entry.policy, entry.app.user.as_deref());
    let request = address(request(&placeholders.fill(&entry.case.request)), entry);
    let store = || Memory {
        down: matches!(entry.store, Some(Store::Unavailable)),
        spent: RefCell::new(placeholders.spent.iter().copied().collect()),
        ..Memory::default()
    };

    let judge = |policy: &Policy, trace: Option<&mut Vec<Finding>>| {
        let engine = engine(policy.clone());
        let facts = Facts::of(&request, entry.connection.peer())
            .with_access(entry.app.access())
            .with_principal(entry.app.user.as_deref())
            .with_session(match entry.app.session {
                Some(Over::Over) => SessionEvidence::None,
                None => SessionEvidence::Cookie,
            });
        let step = match trace {
            Some(trace) => engine.judge_traced(&facts, MOMENT, trace),
            None => engine.judge(&facts, MOMENT),
        };
        decide(step, request.body(), &store())
    };

    let expected = match &entry.case.expect {
        Expect::Allow(permit) => format!("allow {permit}"),
        Expect::Refuse(reason) => format!("refuse {reason}"),
        Expect::Report(reason) => format!("report {reason}"),
    };
    let mut trace = Vec::new();
    let verdict = judge(&entry.policy, None);
    same(&expected, &say(&verdict), "the verdict")?;
    same(&expected, &say(&judge(&entry.policy, Some(&mut trace))), "the verdict, traced,")?;
    let logged = format!("{verdict:?} {trace:?}");
    if let Some(secret) = placeholders.secrets().find(|secret| logged.contains(secret)) {
        return Err(format!("`{secret}` must not be logged: {logged}"));
    }

    if let Verdict::Refuse(refusal) = verdict {
        let report = judge(&entry.policy.clone().with_mode(Mode::Report), None);
        same(&format!("report {}", refusal.reason), &say(&report), "the verdict in report mode")?;
        let reply = entry.policy.dialect().reply(refusal.reason, request.headers());
        if !(400..=499).contains(&reply.status) {
            return Err(format!("the client is answered {}", reply.status));
        }
    }
    Ok(())
}

fn same(expected: &str, got: &str, what: &str) -> Result<(), String> {
    if got == expected { Ok(()) } else { Err(format!("{what} is `{got}`, not `{expected}`")) }
}

/// HTTP/2's `:scheme` and `:authority`.
fn address(mut request: Request<Vec<u8>>, entry: &Entry<'_>) -> Request<Vec<u8>> {
    if let Some(authority) = &entry.connection.authority {
        let path = request.uri().path_and_query().unwrap().as_str();
        let scheme = entry.connection.peer().scheme.as_str();
        let uri = Uri::builder().scheme(scheme).authority(authority.as_str()).path_and_query(path);
        *request.uri_mut() = uri.build().unwrap();
    }
    request
}

#[test]
fn no_row_is_passed_by_refusing_or_by_allowing_everything() {
    for file in files() {
        for row in &file.rows {
            let allows = |case: &&format::Case| matches!(case.expect, Expect::Allow(_));
            let allowed = row.case.iter().filter(allows).count();
            let (name, number) = (&file.name, row.number);
            assert!(allowed > 0, "{name} row {number} ({}) has no legitimate twin", row.name);
            assert!(allowed < row.case.len(), "{name} row {number} ({}) has no attack", row.name);
            let names: BTreeSet<&str> = row.case.iter().map(|case| case.name.as_str()).collect();
            assert_eq!(names.len(), row.case.len(), "{name} row {number}: two cases of one name");
        }
    }
}

#[test]
fn every_row_of_the_survey_is_here() {
    let files = files();
    let numbers: BTreeSet<u16> =
        files.iter().flat_map(|file| &file.rows).map(|row| row.number).collect();
    // What `corpus/README.md` says is tested elsewhere alone.
    let survey: BTreeSet<u16> = (1..=60).filter(|number| *number != 54).collect();
    let missing: Vec<&u16> = survey.difference(&numbers).collect();
    assert!(missing.is_empty(), "{missing:?}");
}

#[test]
fn every_reason_and_every_permit_is_expected_somewhere() {
    let files = files();
    let cases = || files.iter().flat_map(|file| &file.rows).flat_map(|row| &row.case);
    let reasons: BTreeSet<Reason> = cases()
        .filter_map(|case| match case.expect {
            Expect::Refuse(reason) | Expect::Report(reason) => Some(reason),
            Expect::Allow(_) => None,
        })
        .collect();
    let missing: Vec<Reason> =
        Reason::ALL.into_iter().filter(|reason| !reasons.contains(reason)).collect();
    // An urlencoded form can always be read; `judge/forms.rs` has the one that cannot.
    assert_eq!(missing, [Reason::FormMalformed]);
    assert!(include_str!("../judge/forms.rs").contains("form_malformed"));

    let permits: BTreeSet<&str> = cases()
        .filter_map(|case| match &case.expect {
            Expect::Allow(permit) => Some(permit.as_str()),
            Expect::Refuse(_) | Expect::Report(_) => None,
        })
        .collect();
    let all = [
        "disabled",
        "exempt",
        "no_ambient_credential",
        "nothing_against",
        "provenance",
        "safe_method",
        "ticket",
        "token",
    ];
    assert_eq!(permits.into_iter().collect::<Vec<_>>(), all);
}

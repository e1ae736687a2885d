//! Exemptions and routes: too wide, over, or never reached.

use std::time::Duration;

use countersign::{Exemption, MethodName, PathPattern, Route, Timestamp};

use super::Of;
use super::Severity::{Error, Note, Warning};

/// Exemptions that end so soon are told of.
const SOON: Duration = Duration::from_secs(30 * DAY);
const DAY: u64 = 24 * 60 * 60;

/// The methods with which browsers and apps change things.
const UNSAFE: [&str; 4] = ["POST", "PUT", "PATCH", "DELETE"];

pub(super) fn look(found: &mut Of<'_>, now: Timestamp) {
    let exemptions = found.site.policy.exemptions();
    for (index, exempt) in exemptions.iter().enumerate() {
        width(found, index, exempt);
        end(found, index, exempt, now);
        let earlier = exemptions.iter().take(index);
        let by = earlier.into_iter().find(|earlier| lasts(earlier, now) && covers(earlier, exempt));
        if let Some(by) = by {
            let message =
                format!("it lets nothing more through than the one for `{}` before it", by.path);
            let help = "remove one of them";
            let place = ["policy", "exempt", &index.to_string()];
            found.add("exempt-shadowed", Warning, &place, message, help);
        }
    }
    routes(found);
}

fn width(found: &mut Of<'_>, index: usize, exempt: &Exemption) {
    let written = exempt.path.to_string();
    let methods = &exempt.methods;
    if !written.contains('*') || !UNSAFE.iter().all(|method| names(methods, method)) {
        return;
    }
    let at = index.to_string();
    let place = ["policy", "exempt", &at];
    match (&exempt.origin, written.as_str()) {
        (Some(origin), _) => found.add(
            "exempt-broad",
            Warning,
            &place,
            format!("`{origin}` may do everything at `{written}`"),
            "name the paths and methods that it needs; if it may send any request, add it to \
             `trusted_origins`, where tokens still count",
        ),
        (None, "/**") => found.add(
            "exempt-everything",
            Error,
            &place,
            "nothing is protected: it lets every request through",
            "name the paths and methods that need it",
        ),
        (None, _) => found.add(
            "exempt-broad",
            Warning,
            &place,
            format!("it lets everything at `{written}` through, with every method"),
            "name the methods, or the paths, that need it",
        ),
    }
}

fn end(found: &mut Of<'_>, index: usize, exempt: &Exemption, now: Timestamp) {
    let Some(expires) = exempt.expires else { return };
    let at = index.to_string();
    let place = ["policy", "exempt", &at, "expires"];
    let path = &exempt.path;
    if !lasts(exempt, now) {
        let message = format!("the exemption for `{path}` is over, and does nothing");
        found.add("exempt-expired", Warning, &place, message, "remove it, or give it another end");
    } else if expires.since(now) <= SOON {
        let days = expires.since(now).as_secs().div_ceil(DAY);
        let message = format!("the exemption for `{path}` ends within {days} days");
        let help = "make sure that nobody needs it any more, or give it another end";
        found.add("exempt-expiring", Note, &place, message, help);
    }
}

fn lasts(exempt: &Exemption, now: Timestamp) -> bool {
    exempt.expires.is_none_or(|expires| now < expires)
}

/// Whether all that `later` lets through passes by `earlier` already, for as long.
fn covers(earlier: &Exemption, later: &Exemption) -> bool {
    let for_as_long = match (earlier.expires, later.expires) {
        (None, _) => true,
        (Some(one), Some(other)) => one >= other,
        (Some(_), None) => false,
    };
    for_as_long
        && (earlier.origin.is_none() || earlier.origin == later.origin)
        && covers_methods(&earlier.methods, &later.methods)
        && covers_paths(&earlier.path, &later.path)
}

fn routes(found: &mut Of<'_>) {
    let site = found.site;
    // The policy's own come first; the dialect's are meant to be what is left.
    let own = site.policy.dialect().route.get(..site.own_routes).unwrap_or_default();
    for (index, route) in own.iter().enumerate() {
        let earlier = own.iter().take(index).find(|earlier| covers_route(earlier, route));
        if let Some(earlier) = earlier {
            found.add(
                "route-shadowed",
                Warning,
                &["policy", "route", &index.to_string()],
                format!("the route `{}` before it means all its requests", earlier.path),
                "put the narrower rule first",
            );
        }
    }
}

fn covers_route(earlier: &Route, later: &Route) -> bool {
    let methods = match (&earlier.methods, &later.methods) {
        (Some(earlier), Some(later)) => covers_methods(earlier, later),
        (Some(earlier), None) => names_all(earlier),
        (None, None) => true,
        // The methods that are judged anyway, in every dialect.
        (None, Some(later)) => later.iter().all(|method| match method {
            MethodName::Any => false,
            MethodName::One(method) => UNSAFE.contains(&method.as_str()),
        }),
    };
    methods && covers_paths(&earlier.path, &later.path)
}

fn names_all(methods: &[MethodName]) -> bool {
    methods.contains(&MethodName::Any)
}

fn names(methods: &[MethodName], method: &str) -> bool {
    methods.iter().any(|own| match own {
        MethodName::Any => true,
        MethodName::One(own) => own.as_str() == method,
    })
}

fn covers_methods(earlier: &[MethodName], later: &[MethodName]) -> bool {
    names_all(earlier) || later.iter().all(|method| earlier.contains(method))
}

/// Whether every path that `narrow` means is one that `wide` means.
fn covers_paths(wide: &PathPattern, narrow: &PathPattern) -> bool {
    let (wide, narrow) = (wide.to_string(), narrow.to_string());
    let (wide, wide_is_deep) = segments(&wide);
    let (narrow, narrow_is_deep) = segments(&narrow);
    let reaches_as_deep = match (wide_is_deep, narrow_is_deep) {
        (true, true) => narrow.len() >= wide.len(),
        (true, false) => narrow.len() > wide.len(),
        (false, true) => false,
        (false, false) => narrow.len() == wide.len(),
    };
    reaches_as_deep
        && wide.iter().zip(&narrow).all(|(wide, narrow)| match *wide {
            // A star stands for a segment that is not empty.
            "*" => !narrow.is_empty(),
            literal => literal == *narrow,
        })
}

/// A pattern's segments without the `**` at its end, and whether there was one.
fn segments(written: &str) -> (Vec<&str>, bool) {
    let mut segments: Vec<&str> = written.split('/').skip(1).collect();
    let is_deep = segments.last() == Some(&"**");
    if is_deep {
        segments.pop();
    }
    (segments, is_deep)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pattern_covers_those_that_mean_less() {
        for (wide, narrow, expected) in [
            ("/**", "/", true),
            ("/**", "/a/b", true),
            ("/**", "/**", true),
            ("/a/**", "/a/b", true),
            ("/a/**", "/a/b/**", true),
            ("/a/**", "/a", false),
            ("/a/**", "/ab/c", false),
            ("/a/**", "/**", false),
            ("/a/*", "/a/b", true),
            ("/a/*", "/a/", false),
            ("/a/*", "/a/b/c", false),
            ("/a/*/c", "/a/b/c", true),
            ("/a/b/c", "/a/*/c", false),
            ("/a", "/a", true),
            ("/a", "/A", false),
        ] {
            let pattern = |text| PathPattern::parse(text).unwrap();
            assert_eq!(covers_paths(&pattern(wide), &pattern(narrow)), expected, "{wide} {narrow}");
            // What covers a pattern means each of its paths.
            if !narrow.contains('*') {
                let path = countersign::CanonicalPath::of(narrow);
                assert_eq!(pattern(wide).loosens(&path), expected, "{wide} {narrow}");
            }
        }
    }
}

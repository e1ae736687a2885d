//! The look that the services' pages share: plain HTML, one style, nothing from elsewhere.

use std::borrow::Cow;

/// `color-scheme` makes the browser choose light or dark, and its own colours go with it.
const STYLE: &str = "
:root { color-scheme: light dark; --line: color-mix(in srgb, CanvasText 22%, Canvas); }
body { font: 1rem/1.55 system-ui, sans-serif; max-width: 44rem; margin: 3rem auto; padding: 0 1.25rem; }
h1 { font-size: 1.5rem; line-height: 1.25; }
h2 { font-size: 1.1rem; margin-top: 2rem; }
a { color: LinkText; }
code, pre { font-family: ui-monospace, monospace; font-size: .9em; }
pre { padding: .75rem 1rem; overflow-x: auto; border: 1px solid var(--line); border-radius: .4rem; }
table { border-collapse: collapse; width: 100%; }
th, td { text-align: left; padding: .4rem .75rem .4rem 0; border-bottom: 1px solid var(--line); }
form p { margin: .75rem 0; }
label { display: block; font-weight: 600; }
input { font: inherit; width: 100%; max-width: 22rem; box-sizing: border-box; padding: .4rem .6rem; }
button { font: inherit; padding: .4rem 1rem; cursor: pointer; }
[role=status], [role=alert] { padding: .6rem 1rem; border: 1px solid var(--line); border-left-width: .35rem; border-radius: .3rem; }
[role=status] { border-left-color: #2c8a4b; }
[role=alert] { border-left-color: #c4432b; }
";

/// A page. `body` is HTML: text from outside goes through [`text`] first.
///
/// The bare `<html>` is not an oversight: vManage's clients look for just that to tell a page from an
/// answer.
pub(crate) fn page(title: &str, body: &str) -> String {
    let title = text(title);
    format!(
        "<!doctype html>\n<html>\n<head>\n<meta charset=\"utf-8\">\n\
         <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n\
         <title>{title}</title>\n<link rel=\"icon\" href=\"data:,\">\n<style>{STYLE}</style>\n</head>\n\
         <body lang=\"en\">\n<main>\n{body}\n</main>\n</body>\n</html>\n"
    )
}

/// `raw` as HTML text or as the value of a quoted attribute.
pub(crate) fn text(raw: &str) -> Cow<'_, str> {
    quick_xml::escape::escape(raw)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_cannot_become_markup() {
        let page = page("</title><script>", &text("\"'><img src=x>"));
        assert!(page.contains("<title>&lt;/title&gt;&lt;script&gt;</title>"), "{page}");
        assert!(page.contains("&quot;&apos;&gt;&lt;img src=x&gt;"), "{page}");
    }
}

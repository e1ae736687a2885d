//! Properties: how a page is cut does not matter, and outside of what is placed nothing changes.

use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::select;

use super::*;

/// What odd pages are made of.
const WORDS: &[&str] = &[
    "<form method=post>",
    "<form method=post action=//evil.example>",
    "<FORM METHOD='post' action=\"/a\" id=f>",
    "<form>",
    "</form>",
    "</form ",
    "<div>",
    "</div>",
    "<table><tr><td>",
    "</table>",
    "<svg>",
    "</svg>",
    "<svg/>",
    "<desc>",
    "</desc>",
    "<math><mi>",
    "</math>",
    "<template>",
    "</template>",
    "<select>",
    "<option>",
    "</select>",
    "<textarea>",
    "</textarea>",
    "<script>",
    "</script>",
    "<style>",
    "</style>",
    "<noscript>",
    "</noscript>",
    "<!--",
    "-->",
    "<![CDATA[",
    "]]>",
    "<head>",
    "</head>",
    "<body>",
    "<html lang=x>",
    "<base href=/x/>",
    "<p title='",
    "'>",
    "\"",
    "text & more",
    "é\u{feff}",
    "<",
    ">",
    "/",
    "</",
    "<!",
    "\n",
    "\0",
    "<plaintext>",
    "<title>",
    "</title>",
    "<input name=other>",
    "<button>",
];

/// All that can be placed, in the order in which one can hide in another.
fn without_placed(out: &[u8]) -> String {
    let head = all().head();
    String::from_utf8(out.to_vec()).unwrap().replace(&head, "").replace(FIELD, "")
}

fn pages() -> impl Strategy<Value = String> {
    vec(select(WORDS), 0..40).prop_map(|words| words.concat())
}

proptest! {
    #[test]
    fn outside_of_what_is_placed_nothing_changes(page in pages(), known: bool) {
        let kind = kind(if known { "text/html; charset=utf-8" } else { "text/html" }, LIMIT);
        let out = rewrite_pieces(all(), kind, &[page.as_bytes()]);
        prop_assert_eq!(without_placed(&out), page);
    }

    #[test]
    fn how_a_page_is_cut_does_not_matter(page in pages(), size in 1_usize..20) {
        let whole = rewrite_pieces(all(), html(), &[page.as_bytes()]);
        let pieces: Vec<&[u8]> = page.as_bytes().chunks(size).collect();
        prop_assert_eq!(rewrite_pieces(all(), html(), &pieces), whole);
    }

    #[test]
    fn any_bytes_pass(page in vec(any::<u8>(), 0..200), limit in 0_usize..300) {
        let kind = kind("text/html; charset=windows-1252", limit);
        prop_assert_eq!(rewrite_pieces(fields(), kind, &[&page]), page);
    }

    #[test]
    fn wherever_the_limit_falls_no_byte_is_lost(page in pages(), limit in 0_usize..300) {
        let out = rewrite_pieces(all(), kind("text/html", limit), &[page.as_bytes()]);
        prop_assert_eq!(without_placed(&out), page);
    }
}

#[test]
fn a_page_may_be_cut_anywhere() {
    let page = "<!doctype html><html><head><meta charset=utf-8><title>é</title></head><body>\
        <form method=post action='/a?x=1&y=2'><input name=csrf value=old><select><option>1</select>\
        </form><svg><title>x</title></svg><FORM Method=\"post\"><p>x</p></FORM\n>\
        <!-- <form method=post> --><form method=post action=//evil.example></form></body></html>";
    let whole = rewrite_pieces(all(), html(), &[page.as_bytes()]);
    assert_eq!(whole.windows(TOKEN.len()).filter(|w| *w == TOKEN.as_bytes()).count(), 3);
    for at in 0..=page.len() {
        let (before, after) = page.as_bytes().split_at(at);
        assert_eq!(rewrite_pieces(all(), html(), &[before, after]), whole, "at {at}");
    }
}

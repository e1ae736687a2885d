//! The page of the HTML cases: about 10 KB, two POST forms, some 650 tags, mostly a table.

/// Where a slow page makes its pause: nothing of it is needed to answer for what is before.
pub(crate) const FIRST_PIECE_ENDS: &str = "<!-- the rest comes later -->";

/// The page.
pub(crate) fn page() -> String {
    let mut page = String::from(
        "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n\
         <title>Accounts</title>\n<link rel=\"stylesheet\" href=\"/style.css\">\n</head>\n<body>\n",
    );
    page.push_str(&form("/transfer", "Transfer"));
    page.push_str(FIRST_PIECE_ENDS);
    page.push_str("\n<table>\n");
    for row in 0..77 {
        page.push_str(&format!(
            "<tr><td>{}</td><td><a href=\"/entries/{row}\">Entry {row}, a payment that came in on the first day of a month</a></td></tr>\n",
            1000 + row,
        ));
    }
    page.push_str("</table>\n");
    page.push_str(&form("/close", "Close the account"));
    page.push_str("</body>\n</html>\n");
    page
}

fn form(action: &str, label: &str) -> String {
    format!(
        "<form method=\"post\" action=\"{action}\">\n\
         <label>To <input name=\"to\"></label>\n\
         <label>Amount <input name=\"amount\" inputmode=\"decimal\"></label>\n\
         <button>{label}</button>\n</form>\n"
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_page_is_what_the_table_calls_it() {
        let page = page();
        assert!((9_500..10_500).contains(&page.len()), "{} bytes", page.len());
        assert_eq!(page.matches("<form method=\"post\"").count(), 2);
        let tags = page.matches('<').count();
        assert!((630..670).contains(&tags), "{tags} tags");
        assert_eq!(page.matches(FIRST_PIECE_ENDS).count(), 1);
    }
}

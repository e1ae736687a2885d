//! Which forms carry a token.

use super::*;

/// Rows are pages in which `{field}` stands where the field must come.
fn check(rows: &[(&str, &str)]) {
    for (name, text) in rows {
        let (page, expected) = with_field(text);
        assert_eq!(rewrite(fields(), &page), expected, "{name}");
    }
}

#[test]
fn forms_that_post_to_the_own_origin_carry_the_field() {
    check(&[
        ("no action", "<form method=post>{field}</form>"),
        ("empty action", "<form method=post action=''>{field}</form>"),
        ("bare action", "<form method=post action>{field}</form>"),
        ("a path", "<form method=post action=/pay>{field}</form>"),
        ("a relative path", "<form method=post action=pay>{field}</form>"),
        ("a query", "<form method=post action='?a=1&b=2'>{field}</form>"),
        ("absolute", "<form method=post action=https://app.example/pay>{field}</form>"),
        ("with its port", "<form method=post action=https://app.example:443/>{field}</form>"),
        ("upper case", "<FORM METHOD=POST ACTION='HTTPS://APP.EXAMPLE/'>{field}</FORM>"),
        ("by scheme only", "<form method=post action='https:pay'>{field}</form>"),
        ("no scheme", "<form method=post action='//app.example/'>{field}</form>"),
        ("backslashes", "<form method=post action='\\\\app.example/'>{field}</form>"),
        ("space around", "<form method=post action=' \n/pay\t'>{field}</form>"),
        ("references", "<form method=post action='&#x2F;pay&#47;me'>{field}</form>"),
        ("a reference in the method", "<form method='p&#111;st'>{field}</form>"),
        (
            "first of two actions",
            "<form method=post action=/a action=//evil.example>{field}</form>",
        ),
        ("two forms", "<form method=post>{field}</form><form method=post>{field}</form>"),
        ("end tag with junk", "<form method=post>{field}</form x='>'>"),
        ("in a table", "<table><form method=post><tr><td>{field}</form></table>"),
        ("closed by its parent", "<div><form method=post><p>{field}</div>"),
        ("a button elsewhere of no matter", "<form method=post><button>x</button>{field}</form>"),
        ("a button to itself", "<form method=post><button formaction=/b>x</button>{field}</form>"),
        (
            "a button that posts",
            "<form method=get><button formmethod=post>x</button></form><form method=post>{field}</form>",
        ),
        ("dialog button", "<form method=post><button formmethod=dialog>x</button>{field}</form>"),
    ]);
}

#[test]
fn forms_that_go_elsewhere_carry_none() {
    check(&[
        ("another host", "<form method=post action=https://evil.example/></form>"),
        ("another scheme", "<form method=post action=http://app.example/></form>"),
        ("another port", "<form method=post action=https://app.example:8443/></form>"),
        ("a subdomain", "<form method=post action=https://a.app.example/></form>"),
        ("no scheme", "<form method=post action=//evil.example/></form>"),
        ("backslashes", "<form method=post action='\\\\evil.example/'></form>"),
        ("mixed slashes", "<form method=post action='/\\evil.example/'></form>"),
        ("other scheme by itself", "<form method=post action='http:evil.example'></form>"),
        ("userinfo", "<form method=post action='https://app.example@evil.example/'></form>"),
        ("tabs in it", "<form method=post action='/\t/evil.example'></form>"),
        ("newlines in it", "<form method=post action='htt\nps://evil.example'></form>"),
        ("controls before it", "<form method=post action='\u{1}//evil.example'></form>"),
        ("references", "<form method=post action='&#47;&#x2f;evil.example'></form>"),
        ("a named reference", "<form method=post action='&sol;&sol;evil.example'></form>"),
        ("half a reference", "<form method=post action='&#47&#47evil.example'></form>"),
        ("javascript", "<form method=post action='javascript:steal()'></form>"),
        ("data", "<form method=post action='data:text/html,x'></form>"),
        ("mailto", "<form method=post action='mailto:x@app.example'></form>"),
        ("no URL", "<form method=post action='https://['></form>"),
        ("get", "<form method=get></form>"),
        ("no method", "<form></form>"),
        ("dialog", "<form method=dialog></form>"),
        ("method with a space", "<form method=' post'></form>"),
    ]);
}

#[test]
fn a_base_counts_for_actions_and_not_for_none() {
    check(&[
        ("own", "<base href=/a/><form method=post action=b>{field}</form>"),
        ("another's", "<base href=//evil.example/><form method=post action=b></form>"),
        ("empty action", "<base href=//evil.example/><form method=post action>{field}</form>"),
        ("space is not empty", "<base href=//evil.example/><form method=post action=' '></form>"),
        (
            "absolute action",
            "<base href=//evil.example/><form method=post action=https://app.example/>{field}</form>",
        ),
        (
            "first counts",
            "<base href=//evil.example/><base href=/><form method=post action=b></form>",
        ),
        ("no URL", "<base href='https://['><form method=post action=b>{field}</form>"),
        ("no href", "<base target=x><form method=post action=b>{field}</form>"),
        ("in the form", "<form method=post action=b><base href=//evil.example></form>"),
        (
            "a second may be moved before the first",
            "<base href=/><table><base href=//evil.example></table><form method=post action=b></form>",
        ),
    ]);
}

#[test]
fn a_button_that_sends_the_form_elsewhere_leaves_it_without() {
    check(&[
        ("in it", "<form method=post><button formaction=//evil.example>x</button></form>"),
        ("an input", "<form method=post><input type=image formaction=//evil.example></form>"),
        ("into the URL", "<form method=post><button formmethod=get>x</button></form>"),
        ("a method not known", "<form method=post><button formmethod=put>x</button></form>"),
        (
            "before it",
            "<button form=f formaction=//evil.example>x</button><form id=f method=post></form>",
        ),
        (
            "before it, hidden",
            "<button form='&fjlig;' formaction=//evil.example>x</button><form method=post></form>",
        ),
        ("form with a hidden id", "<form id='&fjlig;' method=post></form>"),
        (
            "for another form",
            "<form id=f method=post><button form=g formaction=//evil.example>x</button>{field}</form>",
        ),
    ]);
}

#[test]
fn what_would_take_a_placed_token_elsewhere_is_disarmed() {
    for (name, page, expected) in [
        (
            "a button after its form",
            "<form id=f method=post></form><button form=f formaction=//evil.example>",
            "<form id=f method=post>{field}</form><button form=f formaction=//evil.example disabled=\"\">",
        ),
        (
            "a button that a browser may see in the form",
            "<form method=post><div></form><button formaction=//evil.example></div>",
            "<form method=post><div>{field}</form><button formaction=//evil.example disabled=\"\"></div>",
        ),
        (
            "a button in a form that never ended",
            "<div><form method=post></div><button formmethod=get>",
            "<div><form method=post>{field}</div><button formmethod=get disabled=\"\">",
        ),
        (
            "after we gave up",
            "<form method=post></form><svg/><form><button formaction=//evil.example></form>",
            "<form method=post>{field}</form><svg/><form>\
             <button formaction=//evil.example disabled=\"\"></form>",
        ),
        (
            "a button of another form: a browser may see it in the first",
            "<form method=post><p></form><form action=//evil.example><button formaction=//evil.example>",
            "<form method=post><p>{field}</form><form action=//evil.example>\
             <button formaction=//evil.example disabled=\"\">",
        ),
        (
            "a base after we gave up",
            "<form method=post></form><svg/><base href=//evil.example>",
            "<form method=post>{field}</form><svg/><base>",
        ),
        (
            "a base",
            "<form method=post action=b></form><base href=//evil.example target=x>",
            "<form method=post action=b>{field}</form><base target=x>",
        ),
        (
            "an own base is none",
            "<form method=post action=b></form><base href=/x/>",
            "<form method=post action=b>{field}</form><base href=/x/>",
        ),
        (
            "a button of another form",
            "<form method=post></form><button form=g formaction=//evil.example>",
            "<form method=post>{field}</form><button form=g formaction=//evil.example>",
        ),
    ] {
        assert_eq!(rewrite(fields(), page), expected.replace("{field}", FIELD), "{name}");
    }
}

#[test]
fn a_field_of_that_name_is_filled_and_never_doubled() {
    let filled = r#"value="tok3n" type="hidden" data-csrf="""#;
    for (name, page, expected) in [
        (
            "filled",
            "<form method=post><input type=hidden name=csrf value=old></form>",
            r#"<form method=post><input type="hidden" name=csrf value="tok3n" data-csrf=""></form>"#,
        ),
        (
            "not hidden, disabled",
            "<form method=post><input name=csrf value=old disabled></form>",
            "<form method=post><input name=csrf {filled}></form>",
        ),
        (
            "two of them",
            "<form method=post><input name=csrf value=old><input name=csrf value=old></form>",
            "<form method=post><input name=csrf {filled}><input value=old></form>",
        ),
        (
            "another name",
            "<form method=post><input name=Csrf value=old></form>",
            "<form method=post><input name=Csrf value=old>{field}</form>",
        ),
        (
            "of another form",
            "<form method=post><input form=g name=csrf value=old></form>",
            "<form method=post><input form=g name=csrf value=old>{field}</form>",
        ),
        (
            "in a foreign form",
            "<form method=post action=//evil.example><input name=csrf value=old></form>",
            "<form method=post action=//evil.example><input name=csrf value=old></form>",
        ),
        (
            "after a foreign button",
            "<form method=post><button formaction=//evil.example></button><input name=csrf></form>",
            "<form method=post><button formaction=//evil.example></button><input name=csrf></form>",
        ),
        (
            "before a foreign button",
            "<form method=post><input name=csrf value=o><button formaction=//evil.example></form>",
            "<form method=post><input name=csrf {filled}>\
             <button formaction=//evil.example disabled=\"\"></form>",
        ),
    ] {
        let expected = expected.replace("{field}", FIELD).replace("{filled}", filled);
        assert_eq!(rewrite(fields(), page), expected, "{name}");
    }
}

#[test]
fn where_browsers_may_read_the_markup_differently_nothing_is_placed() {
    let own = "<form method=post>{field}</form>";
    let bare = "<form method=post></form>";
    let evil = "<form method=post action=//evil.example>";
    let rows = [
        ("in a table, first", format!("<table><tr><td>{own}</table>")),
        ("in a table after another", format!("{evil}</form><table><tr><td>{bare}</table>{own}")),
        ("in a table in another", format!("{evil}<table></form>{bare}</table>{bare}")),
        ("a table left open", format!("{evil}</form><div><table></div>{bare}")),
        ("never closed", "<form method=post>".to_owned()),
        ("closed twice", format!("<form method=post>{{field}}</form></form>{own}")),
        ("a form in a foreign form", format!("{evil}{bare}")),
        ("a foreign form in a form", format!("<form method=post>{evil}</form></form>")),
        ("after one that never ended", format!("<div>{evil}</div>{bare}{own}")),
        ("in a comment", format!("<!--{bare}-->{own}")),
        ("in a comment of one tag", format!("<!--><form method=post>{{field}}</form>-->{own}")),
        ("in a script", format!("<script>'{bare}'</script>{own}")),
        ("in escaped script", format!("<script><!--<script>{bare}</script>-->x</script>{own}")),
        ("in a textarea", format!("<textarea>{bare}</textarea>{own}")),
        ("in a title", format!("<title>{bare}</title>{own}")),
        ("in a style", format!("<style>{bare}</style>{own}")),
        ("in an iframe", format!("<iframe>{bare}</iframe>{own}")),
        ("in a noscript", format!("<noscript>{bare}</noscript>{own}")),
        ("in xmp", format!("<xmp>{bare}</xmp>{own}")),
        ("after plaintext", format!("{own}<plaintext>{bare}")),
        ("in an attribute", format!("<p title='{bare}'>{own}")),
        ("in CDATA of svg", format!("<svg><![CDATA[{bare}]]></svg>{own}")),
        ("CDATA in HTML is a comment", format!("<![CDATA[>{own}")),
        ("in a template", format!("<template>{bare}</template>{own}")),
        (
            "template in a form",
            format!("<form method=post><template>{evil}</form></template>{{field}}</form>"),
        ),
        ("template across a form", format!("<form method=post><template></form></template>{bare}")),
        ("template closed by its parent", format!("<div><template></div>{bare}")),
        ("select in a form", "<form method=post><select><option></select>{field}</form>".into()),
        ("form in select", format!("{evil}<select></form></select>{bare}")),
        ("select closed by its parent", format!("<div><select></div>{bare}")),
        ("textarea in select", format!("<select><textarea></select>{bare}</textarea>{bare}")),
        ("svg before", format!("<svg><title>x</title><path d='M0'/></svg>{own}")),
        ("svg in svg", format!("<svg><svg></svg></svg>{own}")),
        ("a form in svg", format!("<svg>{bare}</svg>{bare}")),
        ("svg closed by its parent", format!("<div><svg></div>{bare}")),
        ("svg that closes itself", format!("<svg/>{bare}")),
        ("HTML in svg", format!("<svg><p></p></svg>{bare}")),
        ("HTML within svg", format!("<svg><foreignObject><p></p></foreignObject></svg>{bare}")),
        ("svg title left open", format!("<svg><desc></svg></desc>{bare}")),
        ("math", format!("<math><mi>x</mi></math>{own}")),
        ("a form in math", format!("<math><mi><form method=post></form></mi></math>{bare}")),
        (
            "a style that is one for browsers only",
            format!("{evil}<div><svg></div><style></form></style></svg>{bare}"),
        ),
        ("tag in a tag", "<form method=post <form>{field}</form>".to_owned()),
        ("tag that never ends", format!("{own}<form method=post")),
        ("huge attribute", format!("<p title='{}'>{own}", "x".repeat(100_000))),
        (
            "a name that begins alike",
            format!("<formx method=post></formx><form-a method=post>{own}"),
        ),
        ("null bytes", "<form\0 method=post></form\0></form>".to_owned()),
    ];
    for (name, text) in &rows {
        let (page, expected) = with_field(text);
        assert_eq!(rewrite(fields(), &page), expected, "{name}");
    }
}

#[test]
fn tickets_are_given_out_until_there_are_none() {
    let tickets = || Tokens::OneTime(["t1", "t2"].map(String::from).into());
    let form = "<form method=post></form>";
    let out = rewrite(Page { tokens: tickets(), ..fields() }, &form.repeat(3));
    let [first, second] =
        ["t1", "t2"].map(|t| form.replace("</", &format!("{}</", FIELD.replace(TOKEN, t))));
    assert_eq!(out, format!("{first}{second}{form}"));
}

#[test]
fn values_are_escaped() {
    let page = Page { field: "a\"b".into(), tokens: Tokens::Shared("<'&é".into()), ..fields() };
    let out = rewrite(page, "<form method=post></form>");
    let field = r#"<input type="hidden" name="a&#34;b" value="&#60;&#39;&#38;&#233;" data-csrf>"#;
    assert_eq!(out, format!("<form method=post>{field}</form>"));
}

#[test]
fn without_fields_forms_stay_as_they_are() {
    let text = "<form method=post><input name=csrf value=x></form>";
    assert_eq!(rewrite(Page { fields: false, ..fields() }, text), text);
}

//! Placing tokens in HTML pages that pass through, without a change to the app.
//!
//! How a page is treated:
//!
//! 1. Asked for: only a navigation ([`is_wanted`]); the app is then asked for the whole page, not
//!    compressed ([`ask_for_whole_page`]).
//! 2. Answered: only HTML that no shared cache may keep, within the limit, in an encoding in which
//!    markup is ASCII ([`Rewritable::of`]); [`amend`] makes its headers true again. XHTML passes
//!    untouched: it is XML, whose nesting an HTML parser reads wrongly.
//! 3. `<meta>` and `<script>` go to the beginning of `<head>`, once. Where only the page itself
//!    names its encoding they go to the end of it, because browsers look for that name in the first
//!    1024 bytes. A page without `<head>` gets them before `<body>`, its first `<script>` or form.
//! 4. A hidden field goes to the *end* of a form that posts to the page's own origin: by then every
//!    button in it is known, nothing was held back, and a form whose button sends it elsewhere
//!    (`formaction`), or into the URL (`formmethod=get`), gets none. The script adds the field at
//!    the submit, when it is certain where the form goes.
//! 5. After a field is placed, a button that would take it elsewhere is disabled, if it names that
//!    form or none, and a `<base>` that would send the form elsewhere loses its `href`. Both are
//!    logged.
//! 6. Where it is not certain that the browser reads the markup as we do (unbalanced `<svg>`, forms
//!    in forms, forms across `<select>` or `<template>`, forms in tables after a form that carries
//!    nothing), no field is placed: a form without a field
//!    is refused, a token in somebody else's form is lost.
//!
//! Browsers with scripting switched off read the inside of `<noscript>` as markup. Nothing is placed
//! there, and it is not looked into. After the limit nothing is placed, and nothing disabled.

mod attribute;
mod body;
mod csp;
mod forms;
mod page;
mod place;
mod request;
mod response;
mod stream;

#[cfg(test)]
mod tests;

pub(crate) use body::Rewritten;
pub(crate) use page::{Page, ScriptTag, Tokens, page_url};
pub(crate) use request::{ask_for_whole_page, is_wanted};
pub(crate) use response::{Rewritable, amend};

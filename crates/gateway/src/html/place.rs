//! The handlers of the rewriter: what is placed at which tag.

use std::borrow::Cow;
use std::sync::{Arc, LazyLock, Mutex, MutexGuard, PoisonError};

use lol_html::html_content::{ContentType, EndTag};
use lol_html::send::{Element as Tag, ElementContentHandlers, EndTagHandler, Settings};
use lol_html::{HandlerResult, Selector};
use tracing::warn;

use super::attribute::{decode, escape};
use super::forms::{ButtonTag, Existing, FormTag, Forms};
use super::page::Page;

/// Every other tag is only skimmed. Each name here costs a little at every tag of the page, which
/// is why what matters only within `<select>` and `<svg>` is looked for only there.
static SELECTOR: LazyLock<Option<Selector>> = LazyLock::new(|| {
    "form, input, button, base, head, body, script, template, select, table, svg, math, \
     select :not(option):not(optgroup), svg *, math *"
        .parse()
        .ok()
});

const HTML: &str = "http://www.w3.org/1999/xhtml";

/// What the handlers of one page share.
struct Placer {
    page: Page,
    forms: Forms,
    /// Whether the head still waits for what belongs there.
    head_due: bool,
    /// Whether the encoding is named by the headers, and not within the first bytes of the page.
    encoding_known: bool,
}

type Shared = Arc<Mutex<Placer>>;

/// Settings with the handlers for a page, or `None` if nothing can be placed.
pub(super) fn settings(page: Page, encoding_known: bool) -> Option<Settings<'static, 'static>> {
    let selector = SELECTOR.as_ref()?;
    let head_due = page.meta || page.script.is_some();
    let forms = Forms::new(page.url.clone());
    let placer = Arc::new(Mutex::new(Placer { page, forms, head_due, encoding_known }));
    let handlers =
        ElementContentHandlers::default().element(move |tag: &mut Tag<'_, '_>| -> HandlerResult {
            at_start(&placer, tag);
            Ok(())
        });
    let settings = Settings::new_send();
    Some(settings.append_element_content_handler((Cow::Borrowed(selector), handlers)))
}

fn lock(placer: &Shared) -> MutexGuard<'_, Placer> {
    placer.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Runs `handler` where the element ends: at its own end tag, or at one of an element around it.
fn at_end(
    placer: &Shared,
    tag: &mut Tag<'_, '_>,
    handler: impl FnOnce(&mut Placer, &str, &mut EndTag<'_>) + Send + 'static,
) {
    let placer = Arc::clone(placer);
    if let Some(handlers) = tag.end_tag_handlers() {
        let handler: EndTagHandler<'static> = Box::new(move |end: &mut EndTag<'_>| {
            let name = end.name();
            handler(&mut lock(&placer), &name, end);
            Ok(())
        });
        handlers.push(handler);
    }
}

fn at_start(shared: &Shared, tag: &mut Tag<'_, '_>) {
    let mut placer = lock(shared);
    let name = tag.tag_name();
    let html = tag.namespace_uri() == HTML;
    if placer.forms.in_foreign() && name != "svg" && name != "math" {
        in_foreign(shared, &mut placer, tag, name, html);
        return;
    }
    match name.as_str() {
        "form" if html => form(shared, &mut placer, tag),
        "input" | "button" => control(&mut placer, tag, &name),
        "base" => base(&mut placer, tag),
        "head" if html => head(shared, &mut placer, tag),
        "body" | "script" if html => {
            if name == "script" {
                placer.forms.text_starts();
            }
            placer.head_before(tag);
        }
        "template" if html => {
            placer.forms.template_starts();
            at_end(shared, tag, |placer, name, _| placer.forms.template_ends(name));
        }
        "select" if html => {
            placer.forms.select_starts();
            at_end(shared, tag, |placer, name, _| placer.forms.select_ends(name));
        }
        "table" if html => {
            placer.forms.table_starts();
            at_end(shared, tag, |placer, name, _| placer.forms.table_ends(name));
        }
        // The rewriter takes `<svg/>` for one that is open.
        "svg" | "math" if tag.is_self_closing() => placer.forms.give_up(),
        "svg" | "math" => {
            placer.forms.foreign_starts();
            at_end(shared, tag, move |placer, end, _| placer.forms.foreign_ends(end == name));
        }
        "form" | "table" | "head" | "body" | "template" | "select" => placer.forms.give_up(),
        "textarea" | "title" | "style" | "iframe" | "xmp" | "noembed" | "noframes" | "noscript"
        | "plaintext" => placer.forms.text_starts(),
        _ => {}
    }
}

/// A tag within `<svg>` or `<math>`. HTML in it, and what it stands in, is read differently by the
/// rewriter and by a browser as soon as it is not balanced.
fn in_foreign(
    shared: &Shared,
    placer: &mut Placer,
    tag: &mut Tag<'_, '_>,
    name: String,
    html: bool,
) {
    match name.as_str() {
        "input" | "button" => control(placer, tag, &name),
        "base" => base(placer, tag),
        _ => {}
    }
    let holds_html = matches!(
        name.as_str(),
        "foreignobject" | "desc" | "title" | "mi" | "mo" | "mn" | "ms" | "mtext" | "annotation-xml"
    );
    if holds_html {
        at_end(shared, tag, move |placer, end, _| {
            if end != name {
                placer.forms.give_up();
            }
        });
    } else if html || matches!(name.as_str(), "form" | "template" | "select") {
        placer.forms.give_up();
    }
}

fn form(shared: &Shared, placer: &mut Placer, tag: &mut Tag<'_, '_>) {
    placer.head_before(tag);
    if !placer.page.fields {
        return;
    }
    let started = placer.forms.start(&FormTag {
        method: tag.get_attribute("method"),
        action: tag.get_attribute("action"),
        id: tag.get_attribute("id"),
    });
    at_end(shared, tag, move |Placer { page, forms, .. }, name, end| {
        if let Some(field) = forms.end(started, name, || page.hidden_field()) {
            end.before(&field, ContentType::Html);
        }
    });
}

/// An `<input>` or a `<button>`.
fn control(placer: &mut Placer, tag: &mut Tag<'_, '_>, name: &str) {
    let Placer { page, forms, .. } = placer;
    if !page.fields {
        return;
    }
    let (method, action) = (tag.get_attribute("formmethod"), tag.get_attribute("formaction"));
    if method.is_some() || action.is_some() {
        let form = tag.get_attribute("form");
        if forms.button(&ButtonTag { method, action, form }) {
            warn!(
                "a button that sends a form elsewhere (`formaction`, `formmethod`) came after the \
                 form's token, and was disabled: put it inside of its form"
            );
            set(tag, "disabled", "");
        }
    }
    let named = name == "input"
        && tag.get_attribute("name").as_deref().and_then(decode).as_deref() == Some(&page.field);
    if !named || tag.has_attribute("form") {
        return;
    }
    match forms.existing(|| page.tokens.take()) {
        Existing::Leave => {}
        Existing::Unname => tag.remove_attribute("name"),
        Existing::Fill(token) => {
            set(tag, "type", "hidden");
            set(tag, "value", &escape(&token));
            set(tag, "data-csrf", "");
            tag.remove_attribute("disabled");
        }
    }
}

fn base(placer: &mut Placer, tag: &mut Tag<'_, '_>) {
    let Some(href) = tag.get_attribute("href") else { return };
    if placer.forms.base(&href) {
        warn!(
            "a `<base>` of another origin came after a form's token, and lost its `href`: put it \
             into the page's head"
        );
        tag.remove_attribute("href");
    }
}

fn head(shared: &Shared, placer: &mut Placer, tag: &mut Tag<'_, '_>) {
    if placer.encoding_known {
        if let Some(markup) = placer.take_head() {
            tag.prepend(&markup, ContentType::Html);
        }
        return;
    }
    at_end(shared, tag, |placer, name, end| {
        if name == "head"
            && let Some(markup) = placer.take_head()
        {
            end.before(&markup, ContentType::Html);
        }
    });
}

impl Placer {
    /// What belongs to the head, for a page that has had none so far.
    fn head_before(&mut self, tag: &mut Tag<'_, '_>) {
        if let Some(markup) = self.take_head() {
            tag.before(&markup, ContentType::Html);
        }
    }

    fn take_head(&mut self) -> Option<String> {
        if !self.head_due || !self.forms.in_plain_markup() {
            return None;
        }
        self.head_due = false;
        Some(self.page.head())
    }
}

/// The names are ours, and valid.
fn set(tag: &mut Tag<'_, '_>, name: &str, value: &str) {
    if tag.set_attribute(name, value).is_err() {
        warn!("the attribute `{name}` could not be set");
    }
}

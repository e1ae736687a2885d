//! Which form is open, as a browser sees it, and whether it may carry a token.
//!
//! A browser keeps one pointer to the open form: `<form>` sets it unless it is set already, and any
//! `</form>` clears it, wherever either of them stands (HTML, section 13.2.6.4.7). The rewriter
//! knows of elements instead, by names on a stack. The rules here follow the pointer where both
//! surely agree, and give up where they may not.

use std::collections::HashSet;

use url::Url;

use super::attribute::{decode, decode_url};

pub(super) struct Forms {
    page: Url,
    /// What actions are resolved against. `None` where it could not be read.
    base: Option<Url>,
    base_seen: bool,
    open: Open,
    serial: u32,
    placed: bool,
    placed_ids: HashSet<String>,
    /// Forms that a button outside of them would send elsewhere.
    exposed_ids: HashSet<String>,
    exposed_unknown: bool,
    templates: u32,
    selects: u32,
    foreign: u32,
    tables: u32,
    /// Whether there was a form that carries nothing.
    other_form: bool,
    sure: bool,
}

enum Open {
    None,
    /// The form's element ended without `</form>`: the browser may or may not have it open still.
    Unsure,
    Form(Form),
}

struct Form {
    serial: u32,
    may_carry: bool,
    carries: bool,
    id: Option<String>,
}

/// A form's start tag, to be handed back at its end.
#[derive(Clone, Copy)]
pub(super) struct Started {
    serial: u32,
    templates: u32,
}

/// What becomes of an input that has the name of the hidden field.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Existing {
    Leave,
    Fill(String),
    /// The form has one already, and two are refused.
    Unname,
}

impl Forms {
    pub(super) fn new(page: Url) -> Self {
        Self {
            base: Some(page.clone()),
            page,
            base_seen: false,
            open: Open::None,
            serial: 0,
            placed: false,
            placed_ids: HashSet::new(),
            exposed_ids: HashSet::new(),
            exposed_unknown: false,
            templates: 0,
            selects: 0,
            foreign: 0,
            tables: 0,
            other_form: false,
            sure: true,
        }
    }

    /// From here on nothing is placed.
    pub(super) fn give_up(&mut self) {
        self.sure = false;
    }

    /// Whether an element that starts here is surely an ordinary part of the page.
    pub(super) fn in_plain_markup(&self) -> bool {
        self.sure && self.templates == 0 && self.selects == 0 && self.foreign == 0
    }

    pub(super) fn in_foreign(&self) -> bool {
        self.foreign > 0
    }

    pub(super) fn start(&mut self, form: &FormTag) -> Started {
        self.serial += 1;
        let started = Started { serial: self.serial, templates: self.templates };
        if self.selects > 0 || self.foreign > 0 {
            self.give_up();
        } else if self.templates == 0 {
            match &mut self.open {
                Open::None => {
                    let form = self.read(form);
                    self.other_form |= !form.may_carry;
                    self.open = Open::Form(form);
                }
                // The browser takes no notice of a form in a form. Here it is a sign of trouble.
                Open::Form(open) => {
                    open.may_carry = false;
                    self.other_form = true;
                }
                Open::Unsure => self.other_form = true,
            }
        }
        started
    }

    fn read(&self, form: &FormTag) -> Form {
        let id = form.id.as_deref().map(decode);
        let posts = matches!(method(form.method.as_deref()), Some(Method::Post));
        // Between the rows of a table a form is empty, and its fields belong to the form that the
        // table stands in. That may be one whose `</form>` came too early.
        let holds_fields = self.tables == 0 || !self.other_form;
        let may_carry = posts && holds_fields && self.is_own(form.action.as_deref());
        Form {
            serial: self.serial,
            may_carry: may_carry && id != Some(None),
            carries: false,
            id: id.flatten().map(std::borrow::Cow::into_owned),
        }
    }

    /// The end of a form's element, at the end tag `tag`. `take` is asked for a field, which is then
    /// placed before that tag.
    pub(super) fn end(
        &mut self,
        started: Started,
        tag: &str,
        take: impl FnOnce() -> Option<String>,
    ) -> Option<String> {
        let closed = tag == "form";
        let balanced = self.templates == started.templates && (closed || self.templates == 0);
        if self.selects > 0 || self.foreign > 0 || !balanced {
            self.give_up();
        }
        if !self.sure || started.templates > 0 {
            return None;
        }
        match std::mem::replace(&mut self.open, Open::None) {
            Open::Form(form) if closed || form.serial == started.serial => {
                if !closed {
                    self.open = Open::Unsure;
                }
                self.place(form, take)
            }
            Open::Unsure if closed => None,
            // Of a form that was ignored.
            open => {
                self.open = open;
                None
            }
        }
    }

    fn place(&mut self, form: Form, take: impl FnOnce() -> Option<String>) -> Option<String> {
        let field = if self.may_carry(&form) && !form.carries { take() } else { None }?;
        self.carries(form.id);
        Some(field)
    }

    fn may_carry(&self, form: &Form) -> bool {
        let exposed = form.id.as_ref().is_some_and(|id| self.exposed_ids.contains(id));
        self.sure && form.may_carry && !exposed && !self.exposed_unknown
    }

    fn carries(&mut self, id: Option<String>) {
        self.placed = true;
        self.placed_ids.extend(id);
    }

    /// An input that has the name of the field, and no `form` attribute.
    pub(super) fn existing(&mut self, take: impl FnOnce() -> Option<String>) -> Existing {
        let Open::Form(form) = &self.open else { return Existing::Leave };
        if !self.in_plain_markup() || !self.may_carry(form) {
            return Existing::Leave;
        }
        if form.carries {
            return Existing::Unname;
        }
        let Some(token) = take() else { return Existing::Leave };
        let id = form.id.clone();
        if let Open::Form(form) = &mut self.open {
            form.carries = true;
        }
        self.carries(id);
        Existing::Fill(token)
    }

    /// A button that names its own action or method. Whether it must be disabled, because it would
    /// take along a token that is placed already.
    pub(super) fn button(&mut self, button: &ButtonTag) -> bool {
        let elsewhere = match method(button.method.as_deref()) {
            Some(Method::Dialog) => return false,
            Some(Method::Post) => !self.is_own(button.action.as_deref()),
            None if button.method.is_none() => !self.is_own(button.action.as_deref()),
            // A token must not come into a URL.
            Some(Method::Get) | None => true,
        };
        if !elsewhere {
            return false;
        }
        match button.form.as_deref().map(decode) {
            Some(Some(id)) => {
                self.exposed_ids.insert(id.clone().into_owned());
                self.placed_ids.contains(id.as_ref())
            }
            Some(None) => {
                self.exposed_unknown = true;
                self.placed
            }
            None => {
                if let Open::Form(form) = &mut self.open {
                    form.may_carry = false;
                    self.other_form = true;
                }
                // Wherever it stands, a browser may see it inside of a form that has its field: after
                // a `</form>` that came too early, or moved out of a table.
                self.placed
            }
        }
    }

    /// A `<base href>`. Whether the `href` must go, because it would send a form elsewhere that
    /// carries a token already.
    pub(super) fn base(&mut self, href: &str) -> bool {
        let url = decode_url(href).map(|href| match self.page.join(&href) {
            Ok(url) => url,
            Err(_) => self.page.clone(),
        });
        let own = url.as_ref().is_some_and(|url| url.origin() == self.page.origin());
        let first = !std::mem::replace(&mut self.base_seen, true);
        if own {
            if first {
                self.base = url;
            }
            return false;
        }
        if self.placed {
            return true;
        }
        // Only the first counts. But a table may move a later one before it.
        self.base = url;
        if let Open::Form(form) = &mut self.open {
            form.may_carry = false;
        }
        self.other_form = true;
        false
    }

    /// Whether an action leads to the page's own origin. Without one, or with an empty one, a form
    /// posts to the page itself.
    fn is_own(&self, action: Option<&str>) -> bool {
        let Some(action) = action.filter(|action| !action.is_empty()) else { return true };
        let Some(base) = &self.base else { return false };
        let url = decode_url(action).and_then(|action| base.join(&action).ok());
        url.is_some_and(|url| {
            matches!(url.scheme(), "http" | "https") && url.origin() == self.page.origin()
        })
    }

    pub(super) fn template_starts(&mut self) {
        self.templates += 1;
    }

    pub(super) fn template_ends(&mut self, tag: &str) {
        self.templates = self.templates.saturating_sub(1);
        self.sure &= tag == "template";
    }

    pub(super) fn select_starts(&mut self) {
        // Of a list in a list, browsers make different things.
        self.sure &= self.selects == 0;
        self.selects += 1;
    }

    pub(super) fn select_ends(&mut self, tag: &str) {
        self.selects = self.selects.saturating_sub(1);
        self.sure &= tag == "select";
    }

    pub(super) fn table_starts(&mut self) {
        self.tables += 1;
    }

    pub(super) fn table_ends(&mut self, tag: &str) {
        // A browser has a table open until its own end tag comes.
        if tag == "table" {
            self.tables = self.tables.saturating_sub(1);
        }
    }

    /// An element whose content is text. In a list, some browsers ignore it and read its content as
    /// markup.
    pub(super) fn text_starts(&mut self) {
        self.sure &= self.selects == 0;
    }

    pub(super) fn foreign_starts(&mut self) {
        self.foreign += 1;
    }

    pub(super) fn foreign_ends(&mut self, balanced: bool) {
        self.foreign = self.foreign.saturating_sub(1);
        self.sure &= balanced;
    }
}

/// What decides of a form, as written.
#[derive(Default)]
pub(super) struct FormTag {
    pub(super) method: Option<String>,
    pub(super) action: Option<String>,
    pub(super) id: Option<String>,
}

/// What decides of a button, as written.
#[derive(Default)]
pub(super) struct ButtonTag {
    pub(super) method: Option<String>,
    pub(super) action: Option<String>,
    pub(super) form: Option<String>,
}

enum Method {
    Get,
    Post,
    Dialog,
}

/// `None` if there is no such attribute, or none that can be read.
fn method(raw: Option<&str>) -> Option<Method> {
    let value = decode(raw?)?;
    Some(match value.to_ascii_lowercase().as_str() {
        "post" => Method::Post,
        "dialog" => Method::Dialog,
        _ => Method::Get,
    })
}

//! What the log would show.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::fmt;
use std::sync::Once;

use tracing::field::{Field, Visit};
use tracing::{Event, Level, Subscriber};
use tracing_subscriber::layer::{Context, Layer, SubscriberExt};

/// One event: its level, its target and its fields as text.
#[derive(Clone, Debug)]
pub(crate) struct Line {
    pub(crate) level: Level,
    pub(crate) target: String,
    fields: BTreeMap<String, String>,
}

impl Line {
    pub(crate) fn field(&self, name: &str) -> Option<&str> {
        self.fields.get(name).map(String::as_str)
    }
}

thread_local! {
    static LINES: RefCell<Option<Vec<Line>>> = const { RefCell::new(None) };
}

/// Everything that is logged on this thread, at any level, by anybody, while the value lives. Tests
/// that use it run their server on the same thread.
pub(crate) struct Log(());

impl Log {
    pub(crate) fn capture() -> Self {
        static INSTALLED: Once = Once::new();
        // One subscriber for the process: with one for each thread, an event that another thread
        // comes upon first may be taken for one that interests nobody.
        INSTALLED.call_once(|| {
            let subscriber = tracing_subscriber::registry().with(Collector);
            tracing::subscriber::set_global_default(subscriber).expect("there is no other");
        });
        tracing::callsite::rebuild_interest_cache();
        LINES.set(Some(Vec::new()));
        Self(())
    }

    /// What was logged since the last call.
    pub(crate) fn take(&self) -> Vec<Line> {
        LINES.replace(Some(Vec::new())).unwrap_or_default()
    }

    /// The same, of this crate alone.
    pub(crate) fn take_own(&self) -> Vec<Line> {
        self.take().into_iter().filter(|line| line.target == "countersign").collect()
    }
}

impl Drop for Log {
    fn drop(&mut self) {
        LINES.set(None);
    }
}

struct Collector;

impl<S: Subscriber> Layer<S> for Collector {
    fn on_event(&self, event: &Event<'_>, _: Context<'_, S>) {
        LINES.with_borrow_mut(|lines| {
            let Some(lines) = lines else { return };
            let mut fields = Fields(BTreeMap::new());
            event.record(&mut fields);
            let meta = event.metadata();
            let target = meta.target().to_owned();
            lines.push(Line { level: *meta.level(), target, fields: fields.0 });
        });
    }
}

struct Fields(BTreeMap<String, String>);

impl Visit for Fields {
    fn record_str(&mut self, field: &Field, value: &str) {
        self.0.insert(field.name().to_owned(), value.to_owned());
    }

    fn record_debug(&mut self, field: &Field, value: &dyn fmt::Debug) {
        self.0.insert(field.name().to_owned(), format!("{value:?}"));
    }
}

//! The rewriter as a machine that bytes go into and come out of, and that never loses one.

use std::sync::{Arc, Mutex, PoisonError};

use bytes::{Bytes, BytesMut};
use lol_html::MemorySettings;
use lol_html::send::HtmlRewriter;
use tracing::warn;

use super::page::Page;
use super::place;
use super::response::Rewritable;

/// What a tag that is not whole yet, and the elements that are open, may take.
const MEMORY: usize = 256 * 1024;

/// Switches ISO-2022-JP out of ASCII. Browsers guess that encoding where none is named.
const ESCAPE: u8 = 0x1b;

type Output = Arc<Mutex<Vec<u8>>>;
type Sink = Box<dyn FnMut(&[u8]) + Send>;

pub(super) struct Stream {
    /// `None` once the rest passes untouched.
    rewriter: Option<HtmlRewriter<'static, Sink>>,
    output: Output,
    /// How much is still looked into.
    left: usize,
    beginning: Beginning,
    encoding_known: bool,
}

/// A mark of UTF-16 at the beginning counts more than what the headers say.
enum Beginning {
    Ahead,
    Half(u8),
    Past,
}

impl Stream {
    pub(super) fn new(page: Page, kind: Rewritable) -> Self {
        let output = Output::default();
        let sink: Sink = {
            let output = Arc::clone(&output);
            Box::new(move |bytes: &[u8]| lock(&output).extend_from_slice(bytes))
        };
        let memory = MemorySettings::new()
            .with_preallocated_parsing_buffer_size(0)
            .with_max_allowed_memory_usage(MEMORY)
            .with_graceful_bail_out_on_memory_limit_exceeded(true);
        let rewriter = place::settings(page, kind.declared).map(|settings| {
            let settings = settings
                .with_memory_settings(memory)
                .with_encoding(kind.encoding)
                .with_adjust_charset_on_meta_tag(false)
                // Ambiguous markup is where nothing is placed; it must not break the page.
                .with_strict(false)
                .with_graceful_bail_out_on_content_handler_error(true);
            HtmlRewriter::new(settings, sink)
        });
        let (left, encoding_known) = (kind.limit, kind.declared);
        Self { rewriter, output, left, beginning: Beginning::Ahead, encoding_known }
    }

    /// What can go out once `data` came in.
    pub(super) fn feed(&mut self, data: Bytes) -> Bytes {
        let Some(data) = self.past_beginning(data) else { return Bytes::new() };
        if self.rewriter.is_none() {
            return data;
        }
        let end = data.len().min(self.left);
        let escape = if self.encoding_known { None } else { memchr::memchr(ESCAPE, &data) };
        let end = escape.map_or(end, |at| at.min(end));
        self.left -= end;
        let mut rest = data;
        let looked_into = rest.split_to(end);
        self.write(&looked_into);
        if rest.is_empty() {
            return self.take();
        }
        self.end();
        let mut out = BytesMut::from(self.take());
        out.extend_from_slice(&rest);
        out.freeze()
    }

    /// What was still held back.
    pub(super) fn finish(&mut self) -> Bytes {
        if let Beginning::Half(byte) = std::mem::replace(&mut self.beginning, Beginning::Past) {
            self.write(&[byte]);
        }
        self.end();
        self.take()
    }

    /// Joins and looks at the first two bytes. `None` until they are there.
    fn past_beginning(&mut self, data: Bytes) -> Option<Bytes> {
        let data = match self.beginning {
            Beginning::Past => return Some(data),
            Beginning::Half(first) => [&[first], data.as_ref()].concat().into(),
            Beginning::Ahead => data,
        };
        match *data {
            [] => return None,
            [first @ (0xfe | 0xff)] => {
                self.beginning = Beginning::Half(first);
                return None;
            }
            [0xfe, 0xff, ..] | [0xff, 0xfe, ..] => self.rewriter = None,
            _ => {}
        }
        self.beginning = Beginning::Past;
        Some(data)
    }

    fn write(&mut self, data: &[u8]) {
        let failed = self.rewriter.as_mut().and_then(|rewriter| rewriter.write(data).err());
        if let Some(failure) = failed {
            // It has put out all that it was given.
            self.rewriter = None;
            warn!("a page could not be read on, and its rest passes without tokens: {failure}");
        }
    }

    fn end(&mut self) {
        if let Some(rewriter) = self.rewriter.take()
            && let Err(failure) = rewriter.end()
        {
            warn!("the end of a page could not be read, and passes without tokens: {failure}");
        }
    }

    fn take(&self) -> Bytes {
        std::mem::take(&mut *lock(&self.output)).into()
    }
}

fn lock(output: &Output) -> std::sync::MutexGuard<'_, Vec<u8>> {
    output.lock().unwrap_or_else(PoisonError::into_inner)
}

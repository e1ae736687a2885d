//! In place of spans, in builds without them.

use std::ops::Deref;

use countersign_tower::Judged;
use http::request::Parts;
use http::{StatusCode, Version};

use super::{Seen, TracesError};
use crate::config::UpstreamUrl;
use crate::metrics::Failure;
use crate::server::Purpose;
use crate::site::Client;

#[derive(Debug)]
pub(crate) struct Traces;

#[derive(Debug)]
pub(crate) struct ServerSpan;

#[derive(Clone, Debug)]
pub(crate) struct Span;

#[derive(Debug)]
pub(crate) struct Asked;

impl Traces {
    #[expect(clippy::unnecessary_wraps, reason = "with spans it can fail")]
    pub(crate) const fn from_environment() -> Result<Self, TracesError> {
        Ok(Self)
    }

    pub(crate) const fn request(&self, _: &Parts, _: &Client, _: Purpose) -> ServerSpan {
        ServerSpan
    }

    pub(crate) const fn finish(&self) {}
}

impl Deref for ServerSpan {
    type Target = Span;

    fn deref(&self) -> &Span {
        &Span
    }
}

impl Span {
    pub(crate) const fn begin(&self, _: &Seen<'_>) {}

    pub(crate) fn around<F: Future>(&self, guard: impl FnOnce() -> F) -> F {
        guard()
    }

    pub(crate) const fn ask(&self, _: &UpstreamUrl, _: &mut Parts) -> Asked {
        Asked
    }

    pub(crate) const fn answered(&self, _: StatusCode) {}

    pub(crate) const fn broke_off(&self, _: Failure) {}
}

impl Asked {
    pub(crate) const fn answered(self, _: StatusCode, _: Version) {}

    pub(crate) const fn failed(self, _: Failure) {}
}

pub(crate) const fn judged(_: &Judged<'_>) {}

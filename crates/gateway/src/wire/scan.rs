//! What hyper reads leniently and forgets, seen on the wire.
//!
//! hyper accepts a head whose lines end in a bare LF, and drops a `Content-Length` that follows
//! `Transfer-Encoding` without a trace. A proxy in front that reads such a message in another way
//! makes one request out of two, or two out of one (request smuggling; RFC 9112, sections 6.3 and
//! 11.2). hyper frames anew what goes upstream, so the app is safe from the bytes themselves; the scan
//! is there to refuse the message, and to close the connection that carried it.
//!
//! The scan only looks. It never changes what hyper reads, so it cannot make hyper see a request that
//! was not sent.

/// What is wrong with a message's framing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Fault {
    /// A line of the head or of the chunked framing ends in LF without CR.
    BareLineFeed,
    /// A CR that no LF follows.
    BareCarriageReturn,
    /// A line that begins with white space continues the one before (obsolete line folding).
    FoldedLine,
    /// Both ways of telling the body's length.
    LengthAndEncoding,
    /// `Content-Length` more than once, or not a plain number.
    BadLength,
    /// A `Transfer-Encoding` other than one `chunked`.
    BadEncoding,
    /// Chunk sizes that are no hexadecimal numbers, or data without its end.
    BadChunk,
}

impl Fault {
    /// In words, for client and log.
    pub(crate) const fn as_str(self) -> &'static str {
        match self {
            Self::BareLineFeed => "a line ends in LF without CR",
            Self::BareCarriageReturn => "a CR without LF",
            Self::FoldedLine => "a header field is folded over several lines",
            Self::LengthAndEncoding => "Content-Length and Transfer-Encoding together",
            Self::BadLength => "Content-Length is not one plain number",
            Self::BadEncoding => "Transfer-Encoding is something other than `chunked`, once",
            Self::BadChunk => "a chunk without a proper size or end",
        }
    }

    /// The stable code in metrics.
    pub(crate) const fn code(self) -> &'static str {
        match self {
            Self::BareLineFeed => "bare_line_feed",
            Self::BareCarriageReturn => "bare_carriage_return",
            Self::FoldedLine => "folded_line",
            Self::LengthAndEncoding => "length_and_encoding",
            Self::BadLength => "bad_content_length",
            Self::BadEncoding => "bad_transfer_encoding",
            Self::BadChunk => "bad_chunk",
        }
    }

    pub(super) const ALL: [Self; 7] = [
        Self::BareLineFeed,
        Self::BareCarriageReturn,
        Self::FoldedLine,
        Self::LengthAndEncoding,
        Self::BadLength,
        Self::BadEncoding,
        Self::BadChunk,
    ];
}

/// Where in a message the connection is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Place {
    /// Between two messages.
    Between,
    /// Within a head.
    Head,
    /// Within a body, or the end of one.
    Body,
    /// Nothing is looked at any more: HTTP/2, a tunnel, or a fault was found.
    Off,
}

/// Follows the messages of one connection.
#[derive(Debug)]
pub(super) struct Scan {
    state: State,
    /// The beginning of a line whose end has not come yet. Longer lines are cut: nothing that matters
    /// is that long.
    line: Vec<u8>,
    /// Its last byte, also of one that is cut.
    last: u8,
    cut: bool,
    head: Head,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    Start,
    Fields,
    Fixed(u64),
    ChunkSize,
    ChunkData(u64),
    ChunkEnd,
    Trailers,
    Off,
}

#[derive(Clone, Copy, Debug, Default)]
struct Head {
    length: Option<u64>,
    encoded: bool,
}

/// The longest beginning of a line that is kept.
const KEPT: usize = 256;

impl Scan {
    pub(super) const fn new() -> Self {
        let head = Head { length: None, encoded: false };
        Self { state: State::Start, line: Vec::new(), last: 0, cut: false, head }
    }

    pub(super) const fn place(&self) -> Place {
        match self.state {
            State::Start if self.line.is_empty() => Place::Between,
            State::Start | State::Fields => Place::Head,
            State::Fixed(_)
            | State::ChunkSize
            | State::ChunkData(_)
            | State::ChunkEnd
            | State::Trailers => Place::Body,
            State::Off => Place::Off,
        }
    }

    pub(super) const fn switch_off(&mut self) {
        self.state = State::Off;
    }

    /// Looks at the next bytes of the connection.
    pub(super) fn read(&mut self, mut bytes: &[u8]) -> Result<(), Fault> {
        while !bytes.is_empty() {
            bytes = match self.state {
                State::Off => return Ok(()),
                State::Fixed(left) => self.skip(bytes, left, State::Start, State::Fixed),
                State::ChunkData(left) => self.skip(bytes, left, State::ChunkEnd, State::ChunkData),
                State::Start
                | State::Fields
                | State::ChunkSize
                | State::ChunkEnd
                | State::Trailers => self.line(bytes).inspect_err(|_| self.state = State::Off)?,
            };
        }
        Ok(())
    }

    fn skip<'b>(
        &mut self,
        bytes: &'b [u8],
        left: u64,
        then: State,
        still: fn(u64) -> State,
    ) -> &'b [u8] {
        let here = bytes.len().min(usize::try_from(left).unwrap_or(usize::MAX));
        let left = left.saturating_sub(here as u64);
        self.state = if left == 0 { then } else { still(left) };
        bytes.get(here..).unwrap_or_default()
    }

    /// Takes one line, or the beginning of one, and gives back what follows it.
    fn line<'b>(&mut self, bytes: &'b [u8]) -> Result<&'b [u8], Fault> {
        let Some(end) = memchr::memchr(b'\n', bytes) else {
            self.keep(bytes);
            return Ok(&[]);
        };
        let (line, rest) = bytes.split_at_checked(end + 1).unwrap_or((bytes, &[]));
        if self.line.is_empty() {
            let text = line.strip_suffix(b"\r\n").ok_or(Fault::BareLineFeed)?;
            self.judge(text, false)?;
        } else {
            self.keep(line.strip_suffix(b"\n").unwrap_or_default());
            if self.last != b'\r' {
                return Err(Fault::BareLineFeed);
            }
            let kept = std::mem::take(&mut self.line);
            let cut = std::mem::take(&mut self.cut);
            let text = if cut { &*kept } else { kept.strip_suffix(b"\r").unwrap_or_default() };
            self.judge(text, cut)?;
        }
        Ok(rest)
    }

    fn keep(&mut self, bytes: &[u8]) {
        let room = KEPT.saturating_sub(self.line.len());
        self.cut |= bytes.len() > room;
        self.line.extend_from_slice(bytes.get(..room).unwrap_or(bytes));
        self.last = bytes.last().copied().unwrap_or(self.last);
    }

    /// `text` is a line without its end; `cut` says that it is only the beginning of one.
    fn judge(&mut self, text: &[u8], cut: bool) -> Result<(), Fault> {
        self.state = match self.state {
            // Empty lines before a message are permitted (RFC 9112, section 2.2).
            State::Start if text.is_empty() => State::Start,
            State::Start if text.starts_with(b"PRI * HTTP/2") => State::Off,
            State::Start => {
                self.head = Head::default();
                State::Fields
            }
            State::Fields if text.is_empty() => match (self.head.encoded, self.head.length) {
                (true, Some(_)) => return Err(Fault::LengthAndEncoding),
                (true, None) => State::ChunkSize,
                (false, None | Some(0)) => State::Start,
                (false, Some(length)) => State::Fixed(length),
            },
            State::Fields => {
                self.field(text, cut)?;
                State::Fields
            }
            State::ChunkSize if cut => return Err(Fault::BadChunk),
            State::ChunkSize => match chunk_size(text).ok_or(Fault::BadChunk)? {
                0 => State::Trailers,
                size => State::ChunkData(size),
            },
            State::ChunkEnd if text.is_empty() => State::ChunkSize,
            State::ChunkEnd => return Err(Fault::BadChunk),
            State::Trailers if text.is_empty() => State::Start,
            State::Trailers => State::Trailers,
            other @ (State::Fixed(_) | State::ChunkData(_) | State::Off) => other,
        };
        Ok(())
    }

    fn field(&mut self, line: &[u8], cut: bool) -> Result<(), Fault> {
        if matches!(line.first(), Some(b' ' | b'\t')) {
            return Err(Fault::FoldedLine);
        }
        if let Some(value) = value_of(line, b"content-length") {
            let length = number(value).filter(|_| !cut).ok_or(Fault::BadLength)?;
            if self.head.length.replace(length).is_some() {
                return Err(Fault::BadLength);
            }
        } else if let Some(value) = value_of(line, b"transfer-encoding") {
            let repeated = std::mem::replace(&mut self.head.encoded, true);
            if repeated || cut || !value.eq_ignore_ascii_case(b"chunked") {
                return Err(Fault::BadEncoding);
            }
        }
        if memchr::memchr(b'\r', line).is_some() {
            return Err(Fault::BareCarriageReturn);
        }
        Ok(())
    }
}

fn value_of<'l>(line: &'l [u8], name: &[u8]) -> Option<&'l [u8]> {
    let (own, rest) = line.split_at_checked(name.len())?;
    let value = rest.strip_prefix(b":")?;
    own.eq_ignore_ascii_case(name).then(|| value.trim_ascii())
}

fn number(digits: &[u8]) -> Option<u64> {
    if digits.is_empty() || !digits.iter().all(u8::is_ascii_digit) {
        return None;
    }
    std::str::from_utf8(digits).ok()?.parse().ok()
}

/// The size before a chunk, without its extensions.
fn chunk_size(line: &[u8]) -> Option<u64> {
    let size = line.split(|b| *b == b';').next()?.trim_ascii_end();
    let digits = !size.is_empty() && size.iter().all(u8::is_ascii_hexdigit);
    digits.then(|| u64::from_str_radix(std::str::from_utf8(size).ok()?, 16).ok()).flatten()
}

#[cfg(test)]
mod tests;

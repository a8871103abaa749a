//! The status and errors as values that any boundary can pass on.

use runstream::{End, Error, Status, StatusKind};

/// A value as it crosses. One type for all of them, because each type costs a serialiser; arrays, not objects, because
/// property names bring a cache of strings that is larger than all of this.
pub enum Plain<'a> {
    Nothing,
    Text(&'a str),
    Number(f64),
    Array(&'a [Plain<'a>]),
}

/// Gives `cross` the tuple that `js/wasm.ts` calls `CoreStatus`.
pub fn status<T>(status: &Status, cross: impl FnOnce(&Plain) -> T) -> T {
    let (kind, reason) = match status.kind {
        StatusKind::Idle => ("idle", None),
        StatusKind::Connecting => ("connecting", None),
        StatusKind::Live => ("live", None),
        StatusKind::Reconnecting => ("reconnecting", None),
        StatusKind::Ended(End::IdleTimeout) => ("ended", Some("idle-timeout")),
        StatusKind::Ended(End::NoContent) => ("ended", Some("no-content")),
        StatusKind::Stopped => ("stopped", None),
        StatusKind::Failed => ("failed", None),
    };
    let (shown, last) = (status.error.as_ref().map(error), status.last_error.as_ref().map(error));
    cross(&Plain::Array(&[
        Plain::Text(kind),
        reason.map_or(Plain::Nothing, Plain::Text),
        shown.as_ref().map_or(Plain::Nothing, |error| Plain::Array(error)),
        last.as_ref().map_or(Plain::Nothing, |error| Plain::Array(error)),
        Plain::Number(status.retry_count.into()),
        Plain::Number(status.gaps as f64),
        Plain::Number(status.duplicates as f64),
        status.lag.map_or(Plain::Nothing, |lag| Plain::Number(lag as f64)),
    ]))
}

/// `[code, message, status]`.
pub fn error(error: &Error) -> [Plain<'_>; 3] {
    [Plain::Text(error.code.as_str()), Plain::Text(&error.message), Plain::Number(error.status.into())]
}

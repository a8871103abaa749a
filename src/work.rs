//! Counts the bytes that the decoder and the scanner look at: `npm run gate` shows with it that their work is linear.
//! Without the feature `counted` nothing is counted, and the compiler leaves no trace of it.

#[cfg(feature = "counted")]
use core::cell::Cell;

#[cfg(feature = "counted")]
thread_local! {
    static SSE: Cell<u64> = const { Cell::new(0) };
    static JSON: Cell<u64> = const { Cell::new(0) };
}

/// Bytes looked at or moved so far on this thread: by the SSE decoder, and by the JSON scanner.
#[cfg(feature = "counted")]
pub fn scanned() -> (u64, u64) {
    (SSE.get(), JSON.get())
}

#[inline(always)]
pub(crate) fn sse(_bytes: usize) {
    #[cfg(feature = "counted")]
    SSE.set(SSE.get() + _bytes as u64);
}

#[inline(always)]
pub(crate) fn json(_bytes: usize) {
    #[cfg(feature = "counted")]
    JSON.set(JSON.get() + _bytes as u64);
}

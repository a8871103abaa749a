//! The only clock: `now` and sleep.

use core::cell::Cell;

#[cfg(feature = "reader")]
pub use sleep::Sleep;

/// Milliseconds since 1970, or more: when the clock is set back, this goes on from where it was. The wall clock, because
/// others stand still while the machine sleeps.
pub fn now() -> u64 {
    thread_local!(static LAST: Cell<(u64, u64)> = const { Cell::new((0, 0)) });
    let date = js_sys::Date::now() as u64;
    let (last, ahead) = LAST.get();
    let ahead = ahead.max(last.saturating_sub(date));
    LAST.set((date + ahead, ahead));
    date + ahead
}

/// `Retry-After` as milliseconds from now: seconds, or a date.
pub fn retry_after(value: &str) -> Option<u64> {
    if let Ok(seconds) = value.parse::<u64>() {
        return Some(seconds.saturating_mul(1_000));
    }
    let date = js_sys::Date::parse(value);
    date.is_finite().then(|| (date as u64).saturating_sub(now()))
}

#[cfg(feature = "reader")]
mod sleep {
    use core::future::Future;
    use core::pin::Pin;
    use core::task::{Context, Poll};
    use js_sys::{Function, Promise};
    use wasm_bindgen::prelude::*;
    use wasm_bindgen_futures::JsFuture;

    #[wasm_bindgen]
    extern "C" {
        // Node returns an object, browsers a number; either goes back as it came.
        #[wasm_bindgen(js_name = setTimeout)]
        fn set_timeout(callback: &Function, ms: f64) -> JsValue;
        #[wasm_bindgen(js_name = clearTimeout)]
        fn clear_timeout(id: &JsValue);
    }

    /// Resolves at `due`. Dropping it clears the timer.
    pub struct Sleep {
        pub due: u64,
        id: JsValue,
        resolve: Function,
        fired: JsFuture,
    }

    impl Sleep {
        pub fn until(due: u64) -> Self {
            let (mut id, mut kept) = (JsValue::UNDEFINED, None);
            let ms = due.saturating_sub(super::now()) as f64;
            let promise = Promise::new(&mut |resolve, _| {
                id = set_timeout(&resolve, ms);
                kept = Some(resolve);
            });
            Self { due, id, resolve: kept.unwrap_or_default(), fired: JsFuture::from(promise) }
        }
    }

    impl Future for Sleep {
        type Output = ();

        fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
            Pin::new(&mut self.fired).poll(cx).map(|_| ())
        }
    }

    impl Drop for Sleep {
        fn drop(&mut self) {
            clear_timeout(&self.id);
            // A promise that never settles would keep its callbacks for ever.
            _ = self.resolve.call0(&JsValue::UNDEFINED);
        }
    }
}

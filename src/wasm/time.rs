//! The only clock: `now` and the timer.

use core::cell::Cell;

#[cfg(feature = "reader")]
pub use timer::Timer;

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
mod timer {
    use crate::wait::Outcome;
    use core::task::{Context, Poll};
    use std::rc::Rc;
    use wasm_bindgen::prelude::*;

    /// How much too early a timer may fire, in milliseconds. Less than between two pings, so that on an idle stream it never does.
    const EARLY_MS: u64 = 4_000;

    #[wasm_bindgen]
    extern "C" {
        // Node returns an object, browsers a number; either goes back as it came.
        #[wasm_bindgen(js_name = setTimeout)]
        fn set_timeout(callback: &JsValue, ms: f64) -> JsValue;
        #[wasm_bindgen(js_name = clearTimeout)]
        fn clear_timeout(id: &JsValue);
    }

    /// The one timer of a subscription. Dropping it clears it.
    pub struct Timer {
        due: Option<u64>,
        id: JsValue,
        fired: Rc<Outcome>,
    }

    impl Timer {
        pub fn new() -> Self {
            Self { due: None, id: JsValue::UNDEFINED, fired: Outcome::new() }
        }

        /// Fires at `due` or earlier, or never.
        pub fn set(&mut self, due: Option<u64>) {
            // One that fires early costs a turn, and wakes an idle page; setting one for every chunk costs more.
            if let (Some(set), Some(due)) = (self.due, due)
                && (set..=set + EARLY_MS).contains(&due)
            {
                return;
            }
            self.clear();
            if let Some(due) = due {
                self.id = set_timeout(&self.fired.callback(), due.saturating_sub(super::now()) as f64);
            }
            self.due = due;
        }

        /// Ready when it has fired.
        pub fn poll(&mut self, context: &mut Context<'_>) -> Poll<()> {
            self.fired.poll(context).map(|_| self.due = None)
        }

        fn clear(&mut self) {
            if self.due.take().is_some() {
                clear_timeout(&self.id);
                self.fired.clear();
            }
        }
    }

    impl Drop for Timer {
        fn drop(&mut self) {
            self.clear();
        }
    }
}

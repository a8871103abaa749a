//! Waiting for JavaScript, without callbacks of its own for each wait.

use core::cell::{OnceCell, RefCell};
use core::task::{Context, Poll, Waker};
use js_sys::Promise;
use std::rc::Rc;
use wasm_bindgen::prelude::*;

type Callback = Closure<dyn FnMut(JsValue)>;

/// What takes the outcomes of waits that follow one another: two callbacks for all of them. A future for each would make two of
/// its own and register both with the garbage collector, which costs more than decoding a short read.
pub struct Outcome {
    settled: RefCell<Option<Result<JsValue, JsValue>>>,
    waker: RefCell<Option<Waker>>,
    callbacks: OnceCell<[Callback; 2]>,
    /// While JavaScript may call them: a callback that was dropped throws.
    keep: RefCell<Option<Rc<Self>>>,
}

impl Outcome {
    pub fn new() -> Rc<Self> {
        let outcome = Rc::new(Self {
            settled: RefCell::default(),
            waker: RefCell::default(),
            callbacks: OnceCell::new(),
            keep: RefCell::default(),
        });
        let callback = |wrap: fn(JsValue) -> Result<JsValue, JsValue>| {
            let outcome = Rc::downgrade(&outcome);
            Closure::new(move |value| {
                let Some(outcome) = outcome.upgrade() else { return };
                *outcome.settled.borrow_mut() = Some(wrap(value));
                drop(outcome.keep.take());
                if let Some(waker) = outcome.waker.take() {
                    waker.wake();
                }
            })
        };
        _ = outcome.callbacks.set([callback(Ok), callback(Err)]);
        outcome
    }

    /// Polls the wait for a promise, which `begin` gives unless one is waited for.
    pub fn poll_of(
        self: &Rc<Self>,
        context: &mut Context<'_>,
        begin: impl FnOnce() -> Promise,
    ) -> Poll<Result<JsValue, JsValue>> {
        let polled = self.poll(context);
        let is_idle = polled.is_pending() && self.keep.borrow().is_none();
        if is_idle && let Some([value, error]) = self.callbacks.get() {
            *self.keep.borrow_mut() = Some(self.clone());
            _ = begin().then2(value, error);
        }
        polled
    }

    /// Polls the wait for a callback to be called.
    pub fn poll(&self, context: &mut Context<'_>) -> Poll<Result<JsValue, JsValue>> {
        match self.settled.take() {
            Some(outcome) => Poll::Ready(outcome),
            None => {
                *self.waker.borrow_mut() = Some(context.waker().clone());
                Poll::Pending
            }
        }
    }

    /// What JavaScript may call without having been waited for, as long as this lives.
    pub fn callback(&self) -> JsValue {
        self.callbacks.get().map_or(JsValue::UNDEFINED, |[value, _]| value.as_ref().clone())
    }

    /// Forgets a call that came and was not waited for.
    pub fn clear(&self) {
        self.settled.take();
    }
}

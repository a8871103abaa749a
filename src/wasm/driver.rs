//! The only async loop: it owns the core, performs its actions and feeds results back.
//!
//! Nobody else can reach the core, so no borrow of it can be held across an await or a call into JavaScript; whatever
//! the application wants comes through the command channel.

use crate::convert;
use crate::net::{Attempt, Event, Request, text_of};
use crate::time::{Timer, now};
use core::future::poll_fn;
use core::task::Poll;
use futures::StreamExt;
use futures::channel::mpsc::UnboundedReceiver;
use js_sys::Promise;
use runstream::{Action, Subscription};
use wasm_bindgen::prelude::*;

/// What the application asks for.
pub enum Command {
    Stop,
    Resume,
    Wake,
    TokenChanged,
    Paused(bool),
}

#[wasm_bindgen]
extern "C" {
    /// The shim's side of a subscription, `CoreHost` in `js/wasm.ts`.
    pub type Host;

    #[wasm_bindgen(method, catch)]
    fn token(this: &Host, refresh: bool) -> Result<Promise, JsValue>;

    /// The slices are views of memory that the callee must not keep.
    #[wasm_bindgen(method, catch)]
    fn deliver(
        this: &Host,
        text: &[u8],
        meta: &[u8],
        notices: &[u8],
        undefined: &[u32],
        cursor: Option<String>,
    ) -> Result<(), JsValue>;

    #[wasm_bindgen(method, catch)]
    fn status(this: &Host, status: JsValue) -> Result<(), JsValue>;
}

/// What the loop waits for. By hand, because `select` and its like bring much more code.
enum Turn {
    Command(Option<Command>),
    Net(u32, Option<Event>),
    Timer,
}

/// Runs until the handle is freed.
pub async fn drive(mut core: Subscription, request: Request, host: Host, mut commands: UnboundedReceiver<Command>) {
    let mut attempt: Option<Attempt> = None;
    let mut timer = Timer::new();
    let mut paused = false;
    core.start(now());
    loop {
        while let Some(action) = core.poll_action() {
            attempt = match action {
                Action::Abort => None,
                Action::Connect(connect) => {
                    let token = host.token(connect.refresh_token).unwrap_or_else(|thrown| Promise::reject(&thrown));
                    Some(Attempt::open(&connect, &request, token))
                }
            };
        }
        hand_over(&mut core, &host);

        timer.set(core.poll_timeout());

        let turn = poll_fn(|context| {
            // Commands first: after a stop nothing else may happen.
            if let Poll::Ready(command) = commands.poll_next_unpin(context) {
                return Poll::Ready(Turn::Command(command));
            }
            if !paused
                && let Some(attempt) = &mut attempt
                && let Poll::Ready(event) = attempt.poll_event(context)
            {
                return Poll::Ready(Turn::Net(attempt.number, event));
            }
            timer.poll(context).map(|()| Turn::Timer)
        });
        match turn.await {
            Turn::Command(None) => return,
            Turn::Command(Some(command)) => match command {
                Command::Stop => core.stop(),
                Command::Resume => core.resume(now()),
                Command::Wake => core.wake(now()),
                Command::TokenChanged => core.token_changed(now()),
                Command::Paused(value) => {
                    paused = value;
                    core.set_paused(now(), value);
                }
            },
            Turn::Net(number, event) => match event {
                Some(Event::Head(response)) => core.handle_response(now(), number, response),
                Some(Event::Bytes(bytes)) => core.handle_bytes(now(), number, &bytes),
                Some(Event::End) => core.handle_end(now(), number),
                Some(Event::Failed(cause)) => core.handle_disconnect(now(), number, &cause),
                None => attempt = None,
            },
            Turn::Timer => core.handle_timeout(now()),
        }
    }
}

/// Delivers what is due, then the status: an end must not overtake the parts before it.
fn hand_over(core: &mut Subscription, host: &Host) {
    if let Some(delivery) = core.take_delivery(now()) {
        let (text, meta, notices) = (delivery.text(), delivery.meta(), delivery.notices());
        report(host.deliver(text, meta, notices, delivery.undefined(), core.cursor()));
    }
    if let Some(status) = core.take_status() {
        report(host.status(convert::status(&status)));
    }
}

#[wasm_bindgen]
extern "C" {
    #[wasm_bindgen(js_namespace = console, js_name = error)]
    fn console_error(message: &str);
}

/// The shim catches what the application throws, so this is a bug of ours; the stream goes on all the same.
fn report(outcome: Result<(), JsValue>) {
    if let Err(thrown) = outcome {
        console_error(&("runstream: ".to_owned() + &text_of(&thrown)));
    }
}

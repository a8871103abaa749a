//! The handle of one running subscription.

use crate::driver::{Command, Host};
use crate::{convert, driver};
use futures::channel::mpsc::{UnboundedSender, unbounded};
use runstream::Subscription;
use wasm_bindgen::prelude::*;

/// One running subscription. Freeing it closes its connection.
#[wasm_bindgen]
pub struct Handle(UnboundedSender<Command>);

/// Opens a subscription. `config` and `host` are described in `js/wasm.ts`; throws the error of a bad option.
#[wasm_bindgen]
pub fn open(config: &JsValue, host: Host) -> Result<Handle, JsValue> {
    let (request, config) = convert::config(config);
    let core = Subscription::new(config).map_err(|error| convert::error(&error))?;
    let (sender, receiver) = unbounded();
    wasm_bindgen_futures::spawn_local(driver::drive(core, request, host, receiver));
    Ok(Handle(sender))
}

#[wasm_bindgen]
impl Handle {
    fn send(&self, command: Command) {
        // The receiver lives as long as the handle.
        _ = self.0.unbounded_send(command);
    }

    pub fn stop(&self) {
        self.send(Command::Stop);
    }

    pub fn resume(&self) {
        self.send(Command::Resume);
    }

    pub fn wake(&self) {
        self.send(Command::Wake);
    }

    #[wasm_bindgen(js_name = tokenChanged)]
    pub fn token_changed(&self) {
        self.send(Command::TokenChanged);
    }

    #[wasm_bindgen(js_name = setPaused)]
    pub fn set_paused(&self, paused: bool) {
        self.send(Command::Paused(paused));
    }
}

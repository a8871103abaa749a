//! The WebAssembly boundary of runstream: the exported handle, nothing else. What it does is in the modules.
//!
//! A crate of its own, so that the core needs no JavaScript and a Rust program that uses it gets no exports, no
//! allocator and none of these dependencies; and so that it can be compiled for size and the core for speed.

mod convert;
mod driver;
mod net;
mod time;

use driver::{Command, Host};
use futures::channel::mpsc::{UnboundedSender, unbounded};
use runstream::Subscription;
use wasm_bindgen::prelude::*;

/// Half the size of the standard one, which grows with uses that this does not have.
#[global_allocator]
static ALLOCATOR: talc::wasm::WasmDynamicTalc = talc::wasm::new_wasm_dynamic_allocator();

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

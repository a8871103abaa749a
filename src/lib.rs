//! The sans-IO core of runstream.
#[cfg(target_arch = "wasm32")]
mod wasm;

//! The WebAssembly boundary of runstream: the exported handles, nothing else. What they do is in the modules.
//!
//! A crate of its own, so that the core needs no JavaScript and a Rust program that uses it gets no exports, no
//! allocator and none of these dependencies.
//!
//! It is compiled three times, for the features `reader` and `writer`, since a page that only reads shall not load what
//! writes, and `abi`, of which `scripts/wasm.mjs` makes JavaScript for where no WebAssembly may run.

#[cfg(feature = "abi")]
mod abi;
#[cfg(feature = "reader")]
mod convert;
#[cfg(feature = "reader")]
mod driver;
#[cfg(feature = "reader")]
mod net;
#[cfg(any(feature = "abi", feature = "reader"))]
mod plain;
#[cfg(feature = "reader")]
mod reader;
#[cfg(any(feature = "reader", feature = "writer"))]
mod time;
#[cfg(feature = "reader")]
mod wait;
#[cfg(feature = "writer")]
mod writer;

#[cfg(feature = "reader")]
pub use reader::{Handle, open};
#[cfg(feature = "writer")]
pub use writer::Machine;

/// Half the size of the standard one, which grows with uses that this does not have.
#[global_allocator]
static ALLOCATOR: talc::wasm::WasmDynamicTalc = talc::wasm::new_wasm_dynamic_allocator();

//! The state machine against a scripted peer and a clock that jumps. The rows are those of the behaviour table; what
//! is expected comes from it, not from the code.
#![cfg(not(target_arch = "wasm32"))]
#![cfg(not(target_arch = "wasm32"))]

#[path = "../support/mod.rs"]
mod support;

mod connection;
mod delivery;
mod ends;
mod failures;
mod gaps;
mod records;
mod refusals;
mod replaced;
mod silence;
mod statuses;
mod v1;

//! The writer's machine against scripted servers and a clock that jumps. The rows are those of the behaviour table; what
//! is expected comes from it, not from the code.
#![cfg(not(target_arch = "wasm32"))]

#[path = "../support/mod.rs"]
mod support;

mod batches;
mod desk;
mod failures;
mod s2;
mod seeds;
mod v1;

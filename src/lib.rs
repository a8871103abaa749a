//! The sans-IO core of runstream: bytes and time in, deliveries out.
//!
//! Decodes the event streams of Trigger.dev Realtime Streams (v2 on S2, and v1), puts their records in order, drops
//! what was seen, and decides when to connect, wait, resume and give up. It has no clock, no randomness and no I/O:
//! [`Subscription`] takes `now` with every call and says what to do through [`Subscription::poll_action`].
//!
//! [`writer::Writer`] is its counterpart for writing, made the same way.
//!
//! To read a captured stream only, [`sse::Decoder`] and [`wire::Batch`] are enough.

#![forbid(unsafe_op_in_unsafe_fn)]
#![warn(missing_docs)]

mod backoff;
mod delivery;
mod error;
mod json;
mod mutant;
mod random;
mod seen;
mod sequencer;
pub mod sse;
mod subscription;
mod throttle;
pub mod wire;
mod work;
pub mod writer;

pub use delivery::Delivery;
pub use error::{Code, Error};
#[cfg(feature = "mutants")]
pub use mutant::{choose as choose_mutant, is as is_mutant};
pub use sequencer::Start;
pub use subscription::{Action, Config, Connect, End, Response, Status, StatusKind, Subscription};
#[cfg(feature = "counted")]
pub use work::scanned;

#![doc = include_str!("README.md")]
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

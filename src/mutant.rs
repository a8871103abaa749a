//! Wrong versions of the core, by name: `npm run sim -- --mutants` shows with them that the simulator would notice.
//! Without the feature `mutants` there is none, and the compiler leaves no trace of them.

#[cfg(feature = "mutants")]
thread_local!(static CHOSEN: core::cell::Cell<&'static str> = const { core::cell::Cell::new("") });

/// Makes the core on this thread the wrong version of that name. An empty name is the right version.
#[cfg(feature = "mutants")]
pub fn choose(name: &'static str) {
    CHOSEN.set(name);
}

/// Whether this thread's core is the wrong version of that name.
#[cfg(feature = "mutants")]
pub fn is(name: &str) -> bool {
    CHOSEN.get() == name
}

#[cfg(not(feature = "mutants"))]
pub(crate) const fn is(_name: &str) -> bool {
    false
}

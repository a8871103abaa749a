//! How much the core holds: what is allocated and freed while it runs is counted apart.

use std::alloc::{GlobalAlloc, Layout, System};
use std::cell::Cell;

struct Counting;

thread_local! {
    static IS_CORE: Cell<bool> = const { Cell::new(false) };
    static HELD: Cell<isize> = const { Cell::new(0) };
}

fn count(bytes: isize) {
    // A thread that ends frees memory when these are gone already.
    if IS_CORE.try_with(Cell::get).unwrap_or(false) {
        HELD.set(HELD.get() + bytes);
    }
}

// SAFETY: every call goes to the system's allocator as it came.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        count(layout.size() as isize);
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, ptr: *mut u8, layout: Layout) {
        count(-(layout.size() as isize));
        unsafe { System.dealloc(ptr, layout) }
    }

    unsafe fn realloc(&self, ptr: *mut u8, layout: Layout, size: usize) -> *mut u8 {
        count(size as isize - layout.size() as isize);
        unsafe { System.realloc(ptr, layout, size) }
    }
}

#[global_allocator]
static ALLOCATOR: Counting = Counting;

/// Runs the core, or drops something that it made.
pub fn of_core<T>(work: impl FnOnce() -> T) -> T {
    IS_CORE.set(true);
    let result = work();
    IS_CORE.set(false);
    result
}

/// Bytes that the core of this thread holds.
pub fn held() -> usize {
    HELD.get().max(0) as usize
}

/// Another core begins, and holds nothing yet.
pub fn begin() {
    IS_CORE.set(false);
    HELD.set(0);
}

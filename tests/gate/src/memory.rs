//! What is allocated, counted.

use std::alloc::{GlobalAlloc, Layout, System};
use std::cell::Cell;

struct Counting;

#[derive(Clone, Copy)]
pub struct Allocated {
    pub times: u64,
    pub bytes: u64,
}

thread_local!(static TOTAL: Cell<Allocated> = const { Cell::new(Allocated { times: 0, bytes: 0 }) });

fn add(bytes: usize) {
    let total = TOTAL.get();
    TOTAL.set(Allocated { times: total.times + 1, bytes: total.bytes + bytes as u64 });
}

// SAFETY: every call goes to the system's allocator as it came.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        add(layout.size());
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, ptr: *mut u8, layout: Layout) {
        unsafe { System.dealloc(ptr, layout) }
    }

    unsafe fn realloc(&self, ptr: *mut u8, layout: Layout, size: usize) -> *mut u8 {
        add(size);
        unsafe { System.realloc(ptr, layout, size) }
    }
}

#[global_allocator]
static ALLOCATOR: Counting = Counting;

/// What `work` allocates. Growing counts as an allocation of the new size, since it may move.
pub fn count(work: impl FnOnce()) -> Allocated {
    let before = TOTAL.get();
    work();
    let after = TOTAL.get();
    Allocated { times: after.times - before.times, bytes: after.bytes - before.bytes }
}

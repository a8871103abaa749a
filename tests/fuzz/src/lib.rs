//! What the targets share: how an input says where to cut the rest of itself.

/// Sizes of the pieces that a body arrives in, over and over.
#[derive(Clone, Copy)]
pub struct Cuts<'a>(&'a [u8]);

impl<'a> Cuts<'a> {
    /// The first byte says how many sizes follow it, up to seven; what comes behind them is the body. The other bits of
    /// the first byte are free.
    pub fn split(input: &'a [u8]) -> (u8, Self, &'a [u8]) {
        let Some((&first, rest)) = input.split_first() else { return (0, Cuts(b""), b"") };
        let (sizes, body) = rest.split_at(usize::from(first & 7).min(rest.len()));
        (first >> 3, Cuts(sizes), body)
    }

    /// The largest piece of `body`.
    pub fn largest(self, body: &[u8]) -> usize {
        let largest = self.0.iter().copied().max().unwrap_or(0);
        if largest == 0 { body.len() } else { usize::from(largest).min(body.len()) }
    }

    /// The pieces of `body`, some of them empty. Sizes that are all zero leave it whole.
    pub fn of(self, body: &'a [u8]) -> impl Iterator<Item = &'a [u8]> {
        let is_whole = self.0.iter().all(|&size| size == 0);
        let mut sizes = self.0.iter().cycle();
        let mut rest = Some(body);
        std::iter::from_fn(move || {
            let body = rest.take()?;
            let size = if is_whole { body.len() } else { usize::from(*sizes.next()?) };
            let (piece, after) = body.split_at(size.min(body.len()));
            rest = (!after.is_empty()).then_some(after);
            Some(piece)
        })
    }
}

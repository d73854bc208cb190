//! The system's randomness, for conversations that need it.

use weft_thread::Random;

/// Bytes that nobody can foresee.
pub(crate) fn random() -> Random {
    Box::new(|bytes| {
        if let Err(error) = getrandom::fill(bytes) {
            // A session or a node with bytes that can be foreseen would give the key away. The attempt ends as a defect would.
            panic!("the system gives no randomness: {error}");
        }
    })
}

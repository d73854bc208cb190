//! What is heard on the air of a Thread mesh, and what can be made of it.

pub mod listen;
pub mod rcp;

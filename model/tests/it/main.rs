//! Everything that can happen in small worlds: the promises hold in all of it, and every mistake is found.

mod faults;
mod holds;
mod worlds;

//! The program as it is run: commands, signals, settings, and being killed.

mod commands;
mod crash;
mod process;

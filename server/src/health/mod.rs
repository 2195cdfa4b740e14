//! Is the server alive, may it be sent requests, and what is it?

pub mod http;

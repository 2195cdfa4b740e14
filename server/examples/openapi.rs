//! Prints the document of the API, for `cargo xtask generate`.

fn main() -> Result<(), serde_json::Error> {
    println!("{}", serde_json::to_string_pretty(&rolecall_server::openapi())?);
    Ok(())
}

//! Lists and adds items of the TAO service, which wants a one-time ticket with every call.
//!
//! ```sh
//! cargo run -- playground &
//! cargo run -p countersign-client --example items -- http://127.0.0.1:8082
//! ```

use std::error::Error;

use countersign_client::Session;
use serde_json::json;

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let base = std::env::args().nth(1);
    print!("{}", add_and_list(base.as_deref().unwrap_or("http://127.0.0.1:8082")).await?);
    Ok(())
}

/// What the service answers to both requests, one a line.
pub async fn add_and_list(base: &str) -> Result<String, Box<dyn Error>> {
    let session = Session::builder(base).build().await?;
    let item = json!({"label": "Fractions"});
    let added = session.post("/tao/items").json(&item).send().await?.error_for_status()?;
    let added = added.text().await?;
    let list = session.get("/tao/items").send().await?.error_for_status()?.text().await?;
    Ok(format!("{added}\n{list}\n"))
}

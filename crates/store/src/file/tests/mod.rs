mod disk;
mod faults;
mod queue;
mod sweeping;

use super::*;
use disk::Disk;

const NOW: Timestamp = Timestamp::from_secs(1_800_000_000);
const LIFE: Duration = Duration::from_secs(24 * 60);

/// The disk in memory is well again as soon as it is told so.
const HASTE: Patience =
    Patience { first: Duration::from_micros(50), most: Duration::from_millis(1) };

fn store(disk: &Disk) -> Result<FileStore, OpenError> {
    FileStore::with(disk.opener(), FileLimits::default(), QUEUE, HASTE)
}

/// Spread as the keyed hashes are that these keys really are.
fn key(number: u64) -> SessionKey {
    let spread = u128::from(number).wrapping_mul(0x9e37_79b9_7f4a_7c15_f39c_c060_5ced_c835);
    SessionKey::from_bytes(spread.to_le_bytes())
}

async fn reserve(site: &FileSite, session: u64, count: u32) -> Result<Vec<Ticket>, Unavailable> {
    let session = key(session);
    let Reserved { serials, incarnation } =
        site.reserve(session, count, NOW.plus(LIFE), NOW).await?;
    let expires = NOW.plus(LIFE);
    Ok(serials.map(|serial| Ticket { session, serial, incarnation, expires }).collect())
}

async fn spend(site: &FileSite, ticket: Ticket) -> Spent {
    site.spend(ticket, 0, NOW.plus(LIFE), NOW).await.spent
}

fn block_on<O>(future: impl Future<Output = O>) -> O {
    tokio::runtime::Builder::new_current_thread().enable_time().build().unwrap().block_on(future)
}

//! What stores take: bytes for each session, time for each spend, and how both grow.
//!
//! Beside the printed tables, `stores.csv` and `stores.svg` are written into the folder that
//! `COUNTERSIGN_BENCH_SAVE` names, else into cargo's folder for such things.

mod chart;
mod file;
mod floor;
mod memory;
mod sessions;

use std::error::Error;
use std::fmt::Write as _;
use std::path::PathBuf;
use std::{env, fs};

use chart::{Chart, Series};

type Result<T> = std::result::Result<T, Box<dyn Error + Send + Sync>>;

/// What one store takes at one number of live sessions.
struct Row {
    store: &'static str,
    sessions: u64,
    ns_each: f64,
    bytes_each: Option<f64>,
}

/// How much to measure.
#[derive(Clone, Copy)]
struct Extent {
    memory: u64,
    file: u64,
    rounds: usize,
    spends: u64,
}

impl Extent {
    /// Without `--bench`, as under `cargo test`, everything is only tried.
    fn from_env() -> Self {
        let number = |name| env::var(name).ok().and_then(|text| text.parse().ok());
        if !env::args().any(|argument| argument == "--bench") {
            return Self { memory: 10_000, file: 10_000, rounds: 1, spends: 200 };
        }
        Self {
            memory: 10_000_000,
            file: number("COUNTERSIGN_BENCH_FILE_SESSIONS").unwrap_or(1_000_000),
            rounds: number("COUNTERSIGN_BENCH_ROUNDS").map_or(7, |rounds| rounds.max(1) as usize),
            spends: 20_000,
        }
    }

    /// Powers of ten.
    fn sizes(largest: u64) -> impl Iterator<Item = u64> {
        std::iter::successors(Some(10_000), |size| Some(size * 10))
            .take_while(move |size| *size <= largest)
    }
}

fn main() -> Result<()> {
    let extent = Extent::from_env();
    let mut rows = Vec::new();
    memory::measure(extent, &mut rows);
    floor::measure(extent)?;
    file::measure(extent, &mut rows)?;
    save(&rows)
}

fn save(rows: &[Row]) -> Result<()> {
    let folder = env::var_os("COUNTERSIGN_BENCH_SAVE")
        .map_or_else(|| PathBuf::from(env!("CARGO_TARGET_TMPDIR")), PathBuf::from);
    fs::create_dir_all(&folder)?;
    let mut csv = "store,live_sessions,ns_per_spend,bytes_per_session\n".to_owned();
    for Row { store, sessions, ns_each, bytes_each } in rows {
        let bytes = bytes_each.map_or_else(String::new, |bytes| format!("{bytes:.1}"));
        writeln!(csv, "{store},{sessions},{ns_each:.1},{bytes}")?;
    }
    fs::write(folder.join("stores.csv"), csv)?;
    let mut chart = Chart {
        title: "Time for a spent ticket, by live sessions".to_owned(),
        across: "live sessions".to_owned(),
        series: Vec::new(),
    };
    for Row { store, sessions, ns_each, .. } in rows {
        let point = (*sessions as f64, *ns_each);
        match chart.series.iter_mut().find(|series| series.name == *store) {
            Some(series) => series.points.push(point),
            None => chart.series.push(Series { name: store, points: vec![point] }),
        }
    }
    fs::write(folder.join("stores.svg"), chart.to_svg()?)?;
    println!("\nwritten: stores.csv and stores.svg in {}", folder.display());
    Ok(())
}

fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    values.get(values.len() / 2).copied().unwrap_or(f64::NAN)
}

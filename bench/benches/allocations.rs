//! Counts allocations of one verdict, from the bare request to the answer.

mod subject;
mod verdict;

use allocation_counter::measure;
use countersign_bench::requests;
use countersign_tower::ThreadRandom;

use subject::Subject;
use verdict::{engine, passes};

fn main() {
    println!("\n{:<58}{:>12}", "allocations of one verdict", "count");
    let standard = engine("standard");
    for (title, request, allowed) in [
        ("GET", requests::get(), true),
        ("same-origin POST", requests::same_origin_post(), true),
        ("cross-site POST, refused: its words are made", requests::cross_site_post(), false),
    ] {
        row(title, allowed, || passes(&standard, &request));
    }
    for subject in Subject::all() {
        row(&format!("token of {}", subject.title), true, || subject.holds());
        row(&format!("token of {}, believed", subject.title), true, || subject.believed());
    }
    println!("\n{:<58}{:>12}", "allocations of making a token", "count");
    let mut random = ThreadRandom::default();
    for subject in Subject::all() {
        let count = measure(|| drop(subject.mint(&mut random))).count_total;
        println!("  {:<56}{count:>12}", subject.title);
    }
}

fn row(title: &str, allowed: bool, judge: impl Fn() -> bool) {
    let mut passed = !allowed;
    let count = measure(|| passed = judge()).count_total;
    assert_eq!(passed, allowed, "{title}: not the verdict that was to be measured");
    println!("  {title:<56}{count:>12}");
}

//! A calendar date as a point in time.

use toml::value::Date;

use crate::time::Timestamp;

/// Midnight UTC at the start of `date`; dates before 1970 become the epoch.
///
/// The count of days is the civil-from-days algorithm run backwards: years begin in March, so that
/// the leap day comes last.
pub(super) fn midnight(date: Date) -> Timestamp {
    let (year, month, day) = (i64::from(date.year), i64::from(date.month), i64::from(date.day));
    let year = if month <= 2 { year - 1 } else { year };
    let era = year.div_euclid(400);
    let year_of_era = year.rem_euclid(400);
    let day_of_year = (153 * ((month + 9) % 12) + 2) / 5 + day - 1;
    let day_of_era = year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year;
    let days = era * 146_097 + day_of_era - 719_468;
    Timestamp::from_secs(u64::try_from(days).unwrap_or(0) * 86_400)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dates_fall_where_date_u_says() {
        // `date -u -d DATE +%s`
        for (year, month, day, seconds) in [
            (1970, 1, 1, 0),
            (2000, 2, 29, 951_782_400),
            (2001, 1, 1, 978_307_200),
            (2026, 11, 22, 1_795_305_600),
            (2100, 3, 1, 4_107_542_400),
        ] {
            let date = Date { year, month, day };
            assert_eq!(midnight(date), Timestamp::from_secs(seconds), "{date}");
        }
    }
}

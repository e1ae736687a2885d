//! A line chart with both axes logarithmic, as SVG.

use std::fmt::{self, Write};

const WIDTH: f64 = 760.0;
const HEIGHT: f64 = 440.0;
/// Room for labels: left, right, top, bottom.
const MARGINS: (f64, f64, f64, f64) = (84.0, 150.0, 52.0, 56.0);

/// Told apart by people who do not see some colours, too (Okabe and Ito).
const COLOURS: [&str; 4] = ["#0072b2", "#d55e00", "#009e73", "#cc79a7"];

pub(crate) struct Chart {
    pub(crate) title: String,
    pub(crate) across: String,
    /// Nanoseconds upwards.
    pub(crate) series: Vec<Series>,
}

pub(crate) struct Series {
    pub(crate) name: &'static str,
    pub(crate) points: Vec<(f64, f64)>,
}

/// Powers of ten from the one below the least to the one above the greatest.
struct Axis {
    first: i32,
    last: i32,
    begin: f64,
    end: f64,
}

impl Axis {
    fn over(values: impl Iterator<Item = f64> + Clone, begin: f64, end: f64) -> Self {
        let least = values.clone().fold(f64::INFINITY, f64::min).max(1.0).log10();
        let greatest = values.fold(1.0, f64::max).log10();
        let first = least.floor() as i32;
        Self { first, last: (greatest.ceil() as i32).max(first + 1), begin, end }
    }

    fn place(&self, value: f64) -> f64 {
        let share = (value.log10() - f64::from(self.first)) / f64::from(self.last - self.first);
        self.begin + share * (self.end - self.begin)
    }

    fn ticks(&self) -> impl Iterator<Item = (i32, f64)> {
        (self.first..=self.last).map(|power| (power, self.place(10f64.powi(power))))
    }
}

impl Chart {
    pub(crate) fn to_svg(&self) -> Result<String, fmt::Error> {
        let (left, right, top, bottom) = MARGINS;
        let points = || self.series.iter().flat_map(|series| &series.points);
        let x = Axis::over(points().map(|point| point.0), left, WIDTH - right);
        let y = Axis::over(points().map(|point| point.1), HEIGHT - bottom, top);
        let mut svg = format!(
            "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {WIDTH} {HEIGHT}\" \
             font-family=\"sans-serif\" font-size=\"13\" fill=\"#222\">\n\
             <rect width=\"{WIDTH}\" height=\"{HEIGHT}\" fill=\"#fff\"/>\n\
             <text x=\"{left}\" y=\"28\" font-size=\"17\">{}</text>\n",
            self.title
        );
        for (power, at) in x.ticks() {
            line(&mut svg, (at, y.begin), (at, y.end))?;
            let below = y.begin + 20.0;
            writeln!(
                svg,
                "<text x=\"{at:.1}\" y=\"{below}\" text-anchor=\"middle\">{}</text>",
                count(power)
            )?;
        }
        for (power, at) in y.ticks() {
            line(&mut svg, (x.begin, at), (x.end, at))?;
            let (before, middle) = (left - 10.0, at + 4.5);
            writeln!(
                svg,
                "<text x=\"{before}\" y=\"{middle:.1}\" text-anchor=\"end\">{}</text>",
                time(power)
            )?;
        }
        let (middle, low) = (f64::midpoint(x.begin, x.end), HEIGHT - 12.0);
        let across = &self.across;
        writeln!(svg, "<text x=\"{middle}\" y=\"{low}\" text-anchor=\"middle\">{across}</text>")?;
        for (series, colour) in self.series.iter().zip(COLOURS.iter().cycle()) {
            let places: Vec<(f64, f64)> =
                series.points.iter().map(|point| (x.place(point.0), y.place(point.1))).collect();
            write!(
                svg,
                "<polyline fill=\"none\" stroke=\"{colour}\" stroke-width=\"2.5\" points=\""
            )?;
            places.iter().try_for_each(|(x, y)| write!(svg, "{x:.1},{y:.1} "))?;
            writeln!(svg, "\"/>")?;
            for (x, y) in &places {
                writeln!(svg, "<circle cx=\"{x:.1}\" cy=\"{y:.1}\" r=\"4\" fill=\"{colour}\"/>")?;
            }
            if let Some((end, height)) = places.last() {
                let (after, middle, name) = (end + 10.0, height + 4.5, series.name);
                writeln!(
                    svg,
                    "<text x=\"{after:.1}\" y=\"{middle:.1}\" fill=\"{colour}\">{name}</text>"
                )?;
            }
        }
        svg.push_str("</svg>\n");
        Ok(svg)
    }
}

fn line(svg: &mut String, from: (f64, f64), to: (f64, f64)) -> fmt::Result {
    let ((x1, y1), (x2, y2)) = (from, to);
    writeln!(
        svg,
        "<line x1=\"{x1:.1}\" y1=\"{y1:.1}\" x2=\"{x2:.1}\" y2=\"{y2:.1}\" stroke=\"#ddd\"/>"
    )
}

/// `10,000` for 4.
fn count(power: i32) -> String {
    let digits = format!("1{}", "0".repeat(power.max(0) as usize));
    let groups: Vec<_> = digits.as_bytes().rchunks(3).rev().map(String::from_utf8_lossy).collect();
    groups.join(",")
}

/// So many nanoseconds, in the unit that people say it in.
fn time(power: i32) -> String {
    let (less, unit) = match power {
        ..3 => (0, "ns"),
        3..6 => (3, "µs"),
        6..9 => (6, "ms"),
        9.. => (9, "s"),
    };
    format!("{} {unit}", count(power - less))
}

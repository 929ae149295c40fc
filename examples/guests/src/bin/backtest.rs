//! Back-tests a moving-average strategy over a CSV of daily prices, as `examples/strategy` does in Python.
//!
//! Input: a CSV with the columns `date` and `close`, prices with two digits behind the point. Output: the result, then every
//! trade. Prices are counted in cents and averages compared as sums, so that nothing is rounded. The windows are part of
//! the program, and so of what is proven.
#![no_std]
#![no_main]

extern crate alloc;

use alloc::{format, string::String, vec::Vec};
use core::fmt::Write;

use capseal_guest::{Output, commit, entry, input};

entry!(main);

/// Days of the two averages.
const SHORT: usize = 5;
const LONG: usize = 20;

struct Day<'a> {
    date: &'a [u8],
    cents: u32,
}

struct Trade<'a> {
    date: &'a [u8],
    side: &'static str,
    cents: u32,
}

fn main() -> Result<(), String> {
    let days = days(input())?;
    let trades = trades(&days);
    let last = days.last().ok_or("there are no prices")?.cents;
    let profit = Money(profit(&trades, last));
    let report = || -> core::fmt::Result {
        writeln!(Output, "{} days, {} trades, profit {profit}", days.len(), trades.len())?;
        for Trade { date, side, cents } in &trades {
            commit(date);
            writeln!(Output, ",{side},{}", Money(i64::from(*cents)))?;
        }
        Ok(())
    };
    report().map_err(|_| "no output".into())
}

fn days(csv: &[u8]) -> Result<Vec<Day<'_>>, String> {
    let mut lines = csv.split(|byte| *byte == b'\n');
    if lines.next() != Some(b"date,close") {
        return Err("the first line is not `date,close`".into());
    }
    let mut days = Vec::with_capacity(csv.len() / SHORTEST_LINE);
    for (line, number) in lines.zip(2..).filter(|(line, _)| !line.is_empty()) {
        days.push(day(line).ok_or_else(|| format!("line {number}: not a date and a price"))?);
    }
    Ok(days)
}

const SHORTEST_LINE: usize = "2025-01-01,1.00\n".len();

/// `2025-01-01,100.00`.
fn day(line: &[u8]) -> Option<Day<'_>> {
    let (date, close) = line.split_at_checked(10)?;
    let (price, part) = close.strip_prefix(b",")?.split_last_chunk::<3>()?;
    let [b'.', tens, ones] = part else { return None };
    if price.is_empty() {
        return None;
    }
    let mut cents = 0_u32;
    for digit in price.iter().chain([tens, ones]) {
        let digit = digit.checked_sub(b'0').filter(|digit| *digit < 10)?;
        cents = cents.checked_mul(10)?.checked_add(u32::from(digit))?;
    }
    Some(Day { date, cents })
}

/// Buys when the short average rises above the long one and sells when it falls below.
fn trades<'a>(days: &[Day<'a>]) -> Vec<Trade<'a>> {
    let (mut fast, mut slow, mut holding) = (0, 0, false);
    let mut trades = Vec::new();
    for (place, Day { date, cents }) in days.iter().enumerate() {
        let before = |window| place.checked_sub(window).map_or(0, |place| days[place].cents);
        fast = fast + cents - before(SHORT);
        slow = slow + cents - before(LONG);
        let rising = fast * LONG as u32 > slow * SHORT as u32;
        if place + 1 >= LONG && rising != holding {
            holding = rising;
            trades.push(Trade { date, side: if holding { "buy" } else { "sell" }, cents: *cents });
        }
    }
    trades
}

fn profit(trades: &[Trade<'_>], last: u32) -> i64 {
    let (mut cash, mut bought) = (0, None);
    for Trade { cents, .. } in trades {
        match bought.take() {
            None => bought = Some(*cents),
            Some(price) => cash += i64::from(*cents) - i64::from(price),
        }
    }
    cash + bought.map_or(0, |price| i64::from(last) - i64::from(price))
}

/// Cents, printed with a point.
struct Money(i64);

impl core::fmt::Display for Money {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        let sign = if self.0 < 0 { "-" } else { "" };
        let cents = self.0.unsigned_abs();
        write!(f, "{sign}{}.{:02}", cents / 100, cents % 100)
    }
}

#!/usr/bin/env python3
"""Back-tests a moving-average strategy over a CSV of daily prices.

    strategy.py PRICES.csv [--settings FILE] [--trades FILE]

Buys when the short average rises above the long one and sells when it falls below; prints the result and writes every
trade. Standard library only.
"""

import argparse
import csv
import json

from averages import moving_average


def read_prices(path):
    with open(path, newline="", encoding="utf-8") as file:
        return [(row["date"], float(row["close"])) for row in csv.DictReader(file)]


def trades(prices, short, long):
    closes = [close for _, close in prices]
    fast, slow = moving_average(closes, short), moving_average(closes, long)
    holding = False
    for (date, close), a, b in zip(prices, fast, slow):
        if a is None or b is None or (a > b) == holding:
            continue
        holding = not holding
        yield date, "buy" if holding else "sell", close


def profit(done, last):
    cash, bought = 0.0, None
    for _, side, price in done:
        if side == "buy":
            bought = price
        elif bought is not None:
            cash, bought = cash + price - bought, None
    return cash + (last - bought if bought is not None else 0.0)


def main():
    parser = argparse.ArgumentParser(description="Back-tests a moving-average strategy.")
    parser.add_argument("prices")
    parser.add_argument("--settings", default="settings.json")
    parser.add_argument("--trades", default="trades.csv")
    arguments = parser.parse_args()

    with open(arguments.settings, encoding="utf-8") as file:
        settings = json.load(file)
    prices = read_prices(arguments.prices)
    done = list(trades(prices, settings["short"], settings["long"]))
    with open(arguments.trades, "w", newline="", encoding="utf-8") as file:
        csv.writer(file).writerows([("date", "side", "price"), *done])
    print(f"{len(prices)} days, {len(done)} trades, profit {profit(done, prices[-1][1]):.2f}")


if __name__ == "__main__":
    main()

"""Moving averages."""


def moving_average(values, window):
    """The average of the last `window` values at each place; None before there are that many."""
    total = 0.0
    averages = []
    for place, value in enumerate(values):
        total += value
        if place >= window:
            total -= values[place - window]
        averages.append(total / window if place + 1 >= window else None)
    return averages

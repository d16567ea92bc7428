"""When credits renew, according to dateutil, whose calendar nobody here wrote.

Prints `schedules.txt`: one schedule for each of the 219,146 days of the 600 years from 1970 on, among
them every leap day, every year's end, and the century years with and without a 29th of February:

    python3 schedules.py > schedules.txt

Needs dateutil only (Debian: python3-dateutil). `tests/tests/oracle.rs` reads the file, and makes it
again where dateutil is there.

A schedule is an anchor and the starts of the periods that are counted from it. The anchor of schedule
`i` (0 for the first) lies `i` days after 1970-01-01 at microsecond `i * TIME_STRIDE % DAY` of the day,
except that every 3rd is at midnight and every 5th of the others at the day's last microsecond. The
file holds text, a record a line:

    periods N N N ...     the numbers of the periods whose starts are given, the same for all
    days D D D ...        how many days each of them starts after the one before it in the list, the
                          first one after the anchor; the time of day is always the anchor's own. These
                          lines are numbered from 0 in the order in which they come
    schedules I COUNT     the next COUNT schedules have the days of line I

So 219,146 schedules with 30 starts each take less than half a megabyte, and not one is left out: what
is equal is written once.
"""

import sys
from datetime import datetime, timedelta

from dateutil.relativedelta import relativedelta

FIRST_DAY = datetime(1970, 1, 1)
END = datetime(2570, 1, 1)
DAY = 86_400_000_000
# A prime that is no part of a day, so that times of day are spread over all of it.
TIME_STRIDE = 41_000_000_009
# Two years and a month of them in a row, then some far away: leap years, a decade, a century.
PERIODS = [*range(1, 26), 48, 49, 120, 240, 1_200]
MONTHS = [relativedelta(months=+period) for period in PERIODS]


def anchor(number):
    if number % 3 == 0:
        time = 0
    elif number % 5 == 0:
        time = DAY - 1
    else:
        time = number * TIME_STRIDE % DAY
    return FIRST_DAY + timedelta(days=number, microseconds=time)


def schedule(start):
    """The days between the starts, each counted by dateutil from the anchor."""
    days = []
    before = start
    for months in MONTHS:
        begins = start + months
        passed = begins - before
        if passed.seconds or passed.microseconds:
            raise SystemExit(f"{months} from {start} is another time of day: {begins}")
        days.append(passed.days)
        before = begins
    return tuple(days)


def main(out):
    known = {}
    run, count = None, 0

    def close():
        if count:
            out.write(f"schedules {run} {count}\n")

    out.write(f"periods {' '.join(map(str, PERIODS))}\n")
    for number in range((END - FIRST_DAY).days):
        days = schedule(anchor(number))
        line = known.get(days)
        if line == run and count:
            count += 1
            continue
        close()
        if line is None:
            line = known[days] = len(known)
            out.write(f"days {' '.join(map(str, days))}\n")
        run, count = line, 1
    close()


if __name__ == "__main__":
    main(sys.stdout)

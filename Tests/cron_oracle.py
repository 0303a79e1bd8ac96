#!/usr/bin/env python3
"""Ticks of cron expressions, by the rules of docs/cron.md with Python's zoneinfo; uses nothing of Sources.

    cron_oracle.py SEED COUNT

prints COUNT made-up cases, one a line, their parts divided by tabs:
    zone, expression, after, until (seconds of UTC), changes of the zone's offset from after to until
    (SECONDS:OFFSET; the first is the offset at `after`), all ticks later than after up to until
"""
import calendar
import random
import sys
import zoneinfo
from bisect import bisect_right
from datetime import date, datetime, timedelta, timezone

EPOCH = datetime(1970, 1, 1, tzinfo=timezone.utc)
MONTHS = "JAN FEB MAR APR MAY JUN JUL AUG SEP OCT NOV DEC".split()
WEEKDAYS = "SUN MON TUE WED THU FRI SAT".split()
DAY = 86400
# Half an hour; changes at midnight; a day left out; none; Ramadan; a double summer time.
MUST = ["Australia/Lord_Howe", "America/Sao_Paulo", "Asia/Beirut", "Pacific/Apia", "Asia/Kolkata",
        "Africa/Casablanca", "Antarctica/Troll", "Europe/Berlin", "America/New_York"]


def offset(zone, seconds):
    moment = EPOCH + timedelta(seconds=seconds)
    return int(moment.astimezone(zone).utcoffset().total_seconds())


def changes(zone, start, end):
    """All changes of the offset, found by looking once a day and halving."""
    found, last = [], offset(zone, start)
    for right in range(start + DAY, end, DAY):
        if offset(zone, right) == last:
            continue
        low, high = right - DAY, right
        while high - low > 1:
            middle = (low + high) // 2
            if offset(zone, middle) == last:
                low = middle
            else:
                high = middle
        last = offset(zone, high)
        found.append(high)
    return found


def number(text, names, base):
    return names.index(text.upper()) + base if text.upper() in names else int(text)


def values(text, low, high, names=(), base=0):
    found = set()
    for part in text.split(","):
        span, _, step = part.partition("/")
        if span == "*":
            first, last = low, high
        elif "-" in span:
            first, last = (number(end, names, base) for end in span.split("-"))
        else:
            first = number(span, names, base)
            last = high if step else first
        found |= set(range(first, last + 1, int(step or 1)))
    return found


def is_date(text, day):
    length = calendar.monthrange(day.year, day.month)[1]
    for part in text.split(","):
        if part.startswith("L"):
            if day.day == length - int(part[2:] or 0):
                return True
        elif day.day in values(part, 1, 31):
            return True
    return False


def is_weekday(text, day):
    length = calendar.monthrange(day.year, day.month)[1]
    weekday = (day.weekday() + 1) % 7
    for part in text.split(","):
        if "#" in part:
            name, week = part.split("#")
            if number(name, WEEKDAYS, 0) % 7 == weekday and (day.day - 1) // 7 + 1 == int(week):
                return True
        elif part.endswith("L"):
            if number(part[:-1], WEEKDAYS, 0) % 7 == weekday and day.day + 7 > length:
                return True
        elif weekday in {value % 7 for value in values(part, 0, 6, WEEKDAYS)}:
            return True
    return False


def is_day(dates, weekdays, day):
    every_date = all(is_date(dates, date(2000, 1, one)) for one in range(1, 32)) and "L" not in dates
    every_weekday = len({value % 7 for part in weekdays.split(",")
                         if "#" not in part and not part.endswith("L")
                         for value in values(part, 0, 6, WEEKDAYS)}) == 7
    if every_date or every_weekday:
        return (every_date or is_date(dates, day)) and (every_weekday or is_weekday(weekdays, day))
    return is_date(dates, day) or is_weekday(weekdays, day)


def ticks(zone, zone_changes, expression, after, until):
    minute, hour, dates, months, weekdays = expression.split()
    hours = values(hour, 0, 23)
    found = set()
    day = (EPOCH + timedelta(seconds=after)).date() - timedelta(days=2)
    while day <= (EPOCH + timedelta(seconds=until)).date() + timedelta(days=2):
        if day.month in values(months, 1, 12, MONTHS, 1) and is_day(dates, weekdays, day):
            for h in hours:
                for m in values(minute, 0, 59):
                    local = datetime(day.year, day.month, day.day, h, m)
                    found |= moments(zone, zone_changes, local, len(hours) == 24)
        day += timedelta(days=1)
    return sorted(tick for tick in found if after < tick <= until)


def moments(zone, zone_changes, local, follows_elapsed_time):
    """When a local time ticks: none, one or two moments."""
    shown = []
    for fold in (0, 1):
        moment = local.replace(tzinfo=zone, fold=fold).astimezone(timezone.utc)
        if moment.astimezone(zone).replace(tzinfo=None, fold=0) == local:
            shown.append(int((moment - EPOCH).total_seconds()))
    if follows_elapsed_time:
        return set(shown)
    if shown:
        return {min(shown)}
    # A gap. Read with the offset before it, the time lies after the change and near it.
    moment = local.replace(tzinfo=zone, fold=0).astimezone(timezone.utc)
    seconds = int((moment - EPOCH).total_seconds())
    return {zone_changes[bisect_right(zone_changes, seconds) - 1]}


def expression(dice):
    step = f"*/{dice.choice([5, 7, 10, 15, 20, 30])}"
    minute = dice.choice(["0", "30", "0,30", "59", step, "*", str(dice.randrange(60)), "5/13",
                          "10-20/3"])
    hour = dice.choice(["*", "*", "0-23", "0", "1", "2", "3", "23", "0-3", "*/2", "*/6", "1/5",
                        "2,3", "0,12", "22-23", str(dice.randrange(24))])
    dates = dice.choice(["*"] * 6 + ["1", "L", "L-2", "*/2", "25-31", "1,15", "29", "30"])
    months = dice.choice(["*"] * 6 + ["MAR,oct", "3-4,9-11", "*/2", "2", "12"])
    weekdays = dice.choice(["*"] * 6 + ["0", "7", "SUN", "mon-fri", "5L", "5#2", "sun#1,SUNL", "5-7",
                                        "SAT#5", "*/2", "0-6"])
    return f"{minute} {hour} {dates} {months} {weekdays}"


def case(dice, zone, zone_changes, start, end):
    while True:
        text = expression(dice)
        if zone_changes and dice.random() < 0.75:
            after = dice.choice(zone_changes) - dice.randrange(-DAY, 3 * DAY)
            until = after + 4 * DAY
        else:
            after = dice.randrange(start, end)
            until = after + 500 * DAY
            if "*" in text.split()[0] or "*" in text.split()[1]:
                until = after + 20 * DAY
        # On a change, right before it, on a minute, and in between.
        after -= dice.choice([0, 1, after % 60, after % 60 + 1])
        found = ticks(zone, zone_changes, text, after, until)
        if found:
            return text, after, until, found


def main():
    dice = random.Random(int(sys.argv[1]))
    names = sorted(name for name in zoneinfo.available_timezones()
                   if "/" in name and name.split("/")[0] not in ("posix", "right", "SystemV"))
    # Finding a zone's changes takes a while.
    names = MUST + dice.sample(names, int(sys.argv[2]) // 25)
    # Where offsets are whole minutes and history is not disputed.
    start, end = 10 * 365 * DAY, 67 * 365 * DAY
    known = {}
    for _ in range(int(sys.argv[2])):
        name = dice.choice(names)
        zone = zoneinfo.ZoneInfo(name)
        if name not in known:
            known[name] = changes(zone, start - 10 * DAY, end + 600 * DAY)
        text, after, until, found = case(dice, zone, known[name], start, end)
        near = [after] + [one for one in known[name] if after < one <= until]
        print(name, text, after, until,
              ",".join(f"{one}:{offset(zone, one)}" for one in near),
              ",".join(map(str, found)), sep="\t")


if __name__ == "__main__":
    if not zoneinfo.available_timezones():
        sys.exit("no zone data")
    main()

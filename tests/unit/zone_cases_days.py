"""Time-zone cases of what spans days: lost dates, travel, today, weeks, freshness, rules that count hours or days."""

from __future__ import annotations

from tests.unit.zone_events import DAYS_SET, NIGHTS, SESSIONS, SETS_A_DAY, Case, Event, legs, lift, night, profile, tick

BERLIN, NEW_YORK, LORD_HOWE, SANTIAGO = "Europe/Berlin", "America/New_York", "Australia/Lord_Howe", "America/Santiago"
APIA, KWAJALEIN, KIRITIMATI = "Pacific/Apia", "Pacific/Kwajalein", "Pacific/Kiritimati"
TOKYO, LOS_ANGELES, HONOLULU, AUCKLAND = "Asia/Tokyo", "America/Los_Angeles", "Pacific/Honolulu", "Pacific/Auckland"

SKIPPED = [
    Case("apia-skipped-date", ((APIA, "2011-12-29", 24), (APIA, "2011-12-30", 0), (APIA, "2011-12-31", 24)),
         "at 10:00Z of the 30th the date goes from the 29th to the 31st; the calendar keeps the empty date between",
         [lift("a", "2011-12-30T09:59:59Z", APIA), lift("b", "2011-12-30T10:00:00Z", APIA)],
         {DAYS_SET: [("a", "2011-12-29", "2011-12-30 09:59:59"), ("b", "2011-12-31", "2011-12-30 10:00:00")],
          SETS_A_DAY: [("2011-12-29", 1), ("2011-12-30", 0), ("2011-12-31", 1)]}),
    Case("apia-time-on-the-skipped-date", ((APIA, "2011-12-30", 0), (APIA, "2011-12-31", 24)),
         "noon of the 30th was not: 24 h further, noon of the 31st = 22:00Z; an offset alone is taken at its word",
         [lift("wall", "2011-12-30T12:00:00", APIA), lift("both", "2011-12-30T12:00:00-10:00", APIA),
          lift("offset", "2011-12-30T12:00:00-10:00")],
         {DAYS_SET: [("both", "2011-12-31", "2011-12-30 22:00:00"), ("offset", "2011-12-30", "2011-12-30 22:00:00"),
                     ("wall", "2011-12-31", "2011-12-30 22:00:00")]}),
    Case("kwajalein-skipped-date", ((KWAJALEIN, "1993-08-21", 0),), "-12 becomes +12 at 12:00Z of the 21st; by profile",
         [profile(KWAJALEIN), lift("a", "1993-08-21T11:59:59Z"), lift("b", "1993-08-21T12:00:00Z")],
         {SETS_A_DAY: [("1993-08-20", 1), ("1993-08-21", 0), ("1993-08-22", 1)]}),
    Case("kiritimati-skipped-date", ((KIRITIMATI, "1994-12-31", 0),), "-10 becomes +14 at 10:00Z of the 31st",
         [lift("a", "1994-12-30T23:30:00", KIRITIMATI), lift("b", "1995-01-01T00:30:00", KIRITIMATI)],
         {DAYS_SET: [("a", "1994-12-30", "1994-12-31 09:30:00"), ("b", "1995-01-01", "1994-12-31 10:30:00")]}),
    Case("zone-in-force-from-a-skipped-date", ((APIA, "2011-12-30", 0),),
         "a 30th that is not begins when the 31st does",
         [profile("UTC"), profile(APIA, "2011-12-30"), lift("a", "2011-12-30T09:59:59Z"),
          lift("b", "2011-12-30T10:00:00Z")],
         {DAYS_SET: [("a", "2011-12-30", "2011-12-30 09:59:59"), ("b", "2011-12-31", "2011-12-30 10:00:00")]}),
]  # fmt: skip

TRAVEL = [
    Case("over-the-date-line-west", ((HONOLULU, "2026-11-20", 24), (AUCKLAND, "2026-11-22", 24)),
         "13 h after 20:00 in Honolulu it is 8:00 in Auckland two dates later: the 21st is a day of rest",
         [lift("a", "2026-11-20T20:00:00-10:00"), lift("b", "2026-11-22T08:00:00+13:00")],
         {DAYS_SET: [("a", "2026-11-20", "2026-11-21 06:00:00"), ("b", "2026-11-22", "2026-11-21 19:00:00")],
          SETS_A_DAY: [("2026-11-20", 1), ("2026-11-21", 0), ("2026-11-22", 1)]}),
    Case("over-the-date-line-east", ((AUCKLAND, "2026-11-20", 24), (HONOLULU, "2026-11-20", 24)),
         "15 h later it is the same date again, which was there twice for the traveller",
         [lift("a", "2026-11-20T18:00:00", AUCKLAND), lift("b", "2026-11-20T10:00:00", HONOLULU)],
         {DAYS_SET: [("a", "2026-11-20", "2026-11-20 05:00:00"), ("b", "2026-11-20", "2026-11-20 20:00:00")],
          SETS_A_DAY: [("2026-11-20", 2)]}),
    Case("over-the-date-line-to-yesterday", ((AUCKLAND, "2026-11-20", 24), (HONOLULU, "2026-11-19", 24)),
         "8:00 in Auckland, 3 h later noon of the date before",
         [lift("a", "2026-11-20T08:00:00+13:00"), lift("b", "2026-11-19T12:00:00-10:00")],
         {DAYS_SET: [("a", "2026-11-20", "2026-11-19 19:00:00"), ("b", "2026-11-19", "2026-11-19 22:00:00")],
          SETS_A_DAY: [("2026-11-19", 1), ("2026-11-20", 1)]}),
    Case("unnamed-sets-over-the-date-line", ((KIRITIMATI, "2026-11-21", 24), (HONOLULU, "2026-11-20", 24)),
         "0:30 of the 21st and 1:00 of the 20th are half an hour apart: one session, on the day of its first set",
         [lift("a", "2026-11-21T00:30:00+14:00", session=None), lift("b", "2026-11-20T01:00:00-10:00", session=None)],
         {SESSIONS: [("auto:2026-11-20T10:30:00Z", "2026-11-21", 2)], SETS_A_DAY: [("2026-11-21", 2)]}),
    Case("zone-change-in-mid-day-east", ((LOS_ANGELES, "2026-11-19", 24), (TOKYO, "2026-11-20", 24)),
         "Tokyo from the 20th on: from its midnight, 15:00Z of the 19th, 7:00 in Los Angeles",
         [profile(LOS_ANGELES), profile(TOKYO, "2026-11-20"), lift("a", "2026-11-19T14:59:59Z"),
          lift("b", "2026-11-19T15:00:00Z")],
         {DAYS_SET: [("a", "2026-11-19", "2026-11-19 14:59:59"), ("b", "2026-11-20", "2026-11-19 15:00:00")]}),
    Case("zone-change-in-mid-day-west", ((TOKYO, "2026-11-20", 24), (LOS_ANGELES, "2026-11-20", 24)),
         "Los Angeles from its midnight, 08:00Z, 17:00 in Tokyo: the 20th lasts from 15:00Z to 08:00Z, 41 h",
         [profile(TOKYO), profile(LOS_ANGELES, "2026-11-20"), lift("a", "2026-11-19T14:59:59Z"),
          lift("b", "2026-11-19T15:00:00Z"), lift("c", "2026-11-20T07:59:59Z"), lift("d", "2026-11-20T08:00:00Z"),
          lift("e", "2026-11-21T07:59:59Z"), lift("f", "2026-11-21T08:00:00Z")],
         {SETS_A_DAY: [("2026-11-19", 1), ("2026-11-20", 4), ("2026-11-21", 1)]}),
    Case("zone-change-told-after-the-day", ((TOKYO, "2026-11-20", 24), (LOS_ANGELES, "2026-11-19", 24)),
         "the move is told later: 15:00Z was the 20th in Tokyo, and is the 19th in Los Angeles",
         [profile(TOKYO), lift("a", "2026-11-19T15:00:00Z"), lift("b", "2026-11-19T23:00:00", TOKYO)],
         {DAYS_SET: [("a", "2026-11-19", "2026-11-19 15:00:00"), ("b", "2026-11-19", "2026-11-19 14:00:00")],
          SETS_A_DAY: [("2026-11-19", 2)]}, later=[profile(LOS_ANGELES, "2026-11-18")]),
    Case("zone-change-on-a-day-without-midnight", ((SANTIAGO, "2026-09-06", 23),),
         "0:00 is not there: from 1:00, 04:00Z",
         [profile("UTC"), profile(SANTIAGO, "2026-09-06"), lift("a", "2026-09-06T03:59:59Z"),
          lift("b", "2026-09-07T02:59:59Z"), lift("c", "2026-09-07T03:00:00Z")],
         {SETS_A_DAY: [("2026-09-06", 2), ("2026-09-07", 1)]}),
    Case("night-over-a-zone-change", ((LOS_ANGELES, "2026-11-19", 24), (TOKYO, "2026-11-20", 24)),
         "to bed at 0:00 in Los Angeles (08:00Z), up at 1:00 of the 20th in Tokyo (16:00Z)",
         [profile(LOS_ANGELES), profile(TOKYO, "2026-11-20"),
          night("n", "2026-11-19T08:00:00Z", "2026-11-19T16:00:00Z", asleep_min=420.0)],
         {NIGHTS: [("2026-11-20", "2026-11-19 08:00:00", "2026-11-19 16:00:00", 480.0, 420.0, False)]}),
]  # fmt: skip

TODAY = [
    Case("today-in-kiritimati", ((KIRITIMATI, "2026-11-21", 24),), "10:30Z is 0:30 of the next date at +14",
         [profile(KIRITIMATI), lift("a", "2026-11-20T09:00:00Z"), tick("2026-11-20T10:30:00Z")],
         {SETS_A_DAY: [("2026-11-20", 1), ("2026-11-21", 0)]}),
    Case("today-in-honolulu", ((HONOLULU, "2026-11-19", 24),),
         "09:59:59Z of the 20th is the last second of the 19th at -10",
         [profile(HONOLULU), lift("a", "2026-11-19T04:00:00Z"), tick("2026-11-20T09:59:59Z")],
         {SETS_A_DAY: [("2026-11-18", 1), ("2026-11-19", 0)]}),
    Case("today-at-the-end-of-25-h", ((BERLIN, "2026-10-25", 25),),
         "22:30Z is 23:30 CET; by the CEST of the set it were 0:30",
         [profile(BERLIN), lift("a", "2026-10-24T18:00:00", BERLIN), tick("2026-10-25T22:30:00Z")],
         {SETS_A_DAY: [("2026-10-24", 1), ("2026-10-25", 0)]}),
    Case("today-at-the-end-of-23-h", ((BERLIN, "2026-03-29", 23),),
         "22:00Z is 0:00 CEST; by the CET of the set it were 23:00",
         [profile(BERLIN), lift("a", "2026-03-28T18:00:00", BERLIN), tick("2026-03-29T22:00:00Z")],
         {SETS_A_DAY: [("2026-03-28", 1), ("2026-03-29", 0), ("2026-03-30", 0)]}),
    Case("today-after-a-zone-change", ((TOKYO, "2026-11-20", 24),),
         "15:30Z is 0:30 of the 20th in Tokyo, in force by then",
         [profile(LOS_ANGELES), profile(TOKYO, "2026-11-20"), lift("a", "2026-11-18T20:00:00Z"),
          tick("2026-11-19T15:30:00Z")],
         {SETS_A_DAY: [("2026-11-18", 1), ("2026-11-19", 0), ("2026-11-20", 0)]}),
]  # fmt: skip


def week(zone: str, *times: str) -> list[Event]:
    """Sets of 10 x 1, 2, 4 and 8 kg, so that a sum tells which of them are in it."""
    return [lift(f"s{n}", at, zone, weight={"value": 2**n, "unit": "kg"}) for n, at in enumerate(times)]


def of_week(*days: str) -> str:
    """The volume of the 7 days that end on each of the days."""
    listed = ", ".join(f"'{day}'" for day in days)
    return f"local_day, value from indicator where metric = 'volume_load_7d_kg' and local_day in ({listed})"


WEEKS = [
    Case("week-of-167-h", ((BERLIN, "2026-03-29", 23),),
         "the last second of the 22nd and the first of the 23rd, of 29th, 30th",
         week(BERLIN, "2026-03-22T23:59:59", "2026-03-23T00:00:00", "2026-03-29T23:59:59", "2026-03-30T00:00:00"),
         {of_week("2026-03-28", "2026-03-29", "2026-03-30"):
             [("2026-03-28", 30.0), ("2026-03-29", 60.0), ("2026-03-30", 120.0)],
          "local_day, hard_sets_7d from training_week where local_day >= '2026-03-29'":
             [("2026-03-29", 2), ("2026-03-30", 2)]}),
    Case("week-of-169-h", ((NEW_YORK, "2026-11-01", 25),), "the same around the week that ends with 25 h",
         week(NEW_YORK, "2026-10-25T23:59:59", "2026-10-26T00:00:00", "2026-11-01T23:59:59", "2026-11-02T00:00:00"),
         {of_week("2026-10-31", "2026-11-01", "2026-11-02"):
             [("2026-10-31", 30.0), ("2026-11-01", 60.0), ("2026-11-02", 120.0)]}),
    Case("week-of-168-5-h", ((LORD_HOWE, "2026-04-05", 24.5),), "the same around half an hour more",
         week(LORD_HOWE, "2026-03-29T23:59:59", "2026-03-30T00:00:00", "2026-04-05T23:59:59", "2026-04-06T00:00:00"),
         {of_week("2026-04-04", "2026-04-05", "2026-04-06"):
             [("2026-04-04", 30.0), ("2026-04-05", 60.0), ("2026-04-06", 120.0)]}),
    Case("week-with-a-skipped-date", ((APIA, "2011-12-30", 0),),
         "a week is 7 dates: the 25th to the 31st, the 30th empty",
         week(APIA, "2011-12-24T12:00:00", "2011-12-25T12:00:00", "2011-12-31T12:00:00", "2012-01-01T12:00:00"),
         {of_week("2011-12-30", "2011-12-31", "2012-01-01"):
             [("2011-12-30", 30.0), ("2011-12-31", 60.0), ("2012-01-01", 120.0)]}),
]  # fmt: skip

LEGS_FRESH = "local_day, freshness from muscle_day where muscle = 'quadriceps' and local_day >= "
FRESHNESS = [
    Case("freshness-over-the-spring-change", ((BERLIN, "2026-03-29", 23),), "18:00 CET to 18:00 CEST is 23 of 48 h",
         [profile(BERLIN), *legs("s", "2026-03-28T18:00:00", BERLIN), tick("2026-03-29T16:00:00Z")],
         {LEGS_FRESH + "'2026-03-29'": [("2026-03-29", 23 / 48)]}),
    Case("freshness-over-the-autumn-change", ((BERLIN, "2026-10-25", 25),), "18:00 CEST to 18:00 CET is 25 of 48 h",
         [profile(BERLIN), *legs("s", "2026-10-24T18:00:00", BERLIN), tick("2026-10-25T17:00:00Z")],
         {LEGS_FRESH + "'2026-10-25'": [("2026-10-25", 25 / 48)]}),
    Case("freshness-on-lord-howe", ((LORD_HOWE, "2026-04-05", 24.5),),
         "18:00 at +11 to 18:00 at +10:30 is 24.5 of 48 h",
         [profile(LORD_HOWE), *legs("s", "2026-04-04T18:00:00", LORD_HOWE), tick("2026-04-05T07:30:00Z")],
         {LEGS_FRESH + "'2026-04-05'": [("2026-04-05", 24.5 / 48)]}),
    Case("freshness-over-a-skipped-date", ((APIA, "2011-12-30", 0),),
         "18:00 of the 29th to 18:00 of the 31st is 24 of 48 h",
         [profile(APIA), *legs("s", "2011-12-29T18:00:00", APIA), tick("2011-12-31T04:00:00Z")],
         {LEGS_FRESH + "'2011-12-31'": [("2011-12-31", 24 / 48)]}),
    Case("freshness-on-the-day-of-the-change", ((BERLIN, "2026-03-29", 23),),
         "18:00 CEST to the ends of that day and the next",
         [profile(BERLIN), *legs("s", "2026-03-29T18:00:00", BERLIN), tick("2026-03-31T12:00:00Z")],
         {LEGS_FRESH + "'2026-03-29'": [("2026-03-29", 6 / 48), ("2026-03-30", 30 / 48), ("2026-03-31", 44 / 48)]}),
]  # fmt: skip

EARLY = "severity, opened_on from alert where rule = 'R06'"
GAP_H = "value from alert_evidence where metric = 'hours_since_muscle_trained'"
REST = [
    Case("rest-of-47-h-in-spring", ((BERLIN, "2026-03-29", 23),),
         "18:00 CET to 18:00 CEST two dates later is below 48 h",
         [*legs("a", "2026-03-28T18:00:00", BERLIN), *legs("b", "2026-03-30T18:00:00", BERLIN)],
         {EARLY: [("advice", "2026-03-30")], GAP_H: [(47.0,)]}),
    Case("rest-of-48-h-in-autumn", ((BERLIN, "2026-10-25", 25),), "18:00 CEST to 17:00 CET is 48 h, by the clock 47",
         [*legs("a", "2026-10-24T18:00:00", BERLIN), *legs("b", "2026-10-26T17:00:00", BERLIN)],
         {EARLY: [], GAP_H: []}),
    Case("rest-of-47-75-h-on-lord-howe", ((LORD_HOWE, "2026-10-04", 23.5),), "by the clock 48 h 15 min",
         [*legs("a", "2026-10-03T18:00:00", LORD_HOWE), *legs("b", "2026-10-05T18:15:00", LORD_HOWE)],
         {EARLY: [("advice", "2026-10-05")], GAP_H: [(47.75,)]}),
    Case("rest-over-a-skipped-date", ((APIA, "2011-12-30", 0),),
         "18:00 of the 29th (04:00Z) to the same of the 31st: 24 h",
         [*legs("a", "2011-12-29T18:00:00", APIA), *legs("b", "2011-12-31T18:00:00", APIA)],
         {EARLY: [("advice", "2011-12-31")], GAP_H: [(24.0,)]}),
    Case("rest-of-a-traveller-east", ((TOKYO, "2026-11-20", 24), (LOS_ANGELES, "2026-11-20", 24)),
         "18:00 in Tokyo (09:00Z), 20:00 of the same date in Los Angeles (04:00Z): 19 h",
         [*legs("a", "2026-11-20T18:00:00", TOKYO), *legs("b", "2026-11-20T20:00:00", LOS_ANGELES)],
         {EARLY: [("warning", "2026-11-20")], GAP_H: [(19.0,)]}),
    Case("rest-of-a-traveller-west", ((HONOLULU, "2026-11-18", 24), (AUCKLAND, "2026-11-20", 24)),
         "18:00 in Honolulu (04:00Z of the 19th), 18:00 two dates later in Auckland (05:00Z of the 20th): 25 h",
         [*legs("a", "2026-11-18T18:00:00-10:00"), *legs("b", "2026-11-20T18:00:00+13:00")],
         {EARLY: [("advice", "2026-11-20")], GAP_H: [(25.0,)]}),
]  # fmt: skip


def failed_squat(at: str, zone: str) -> Event:
    """A squat to failure: R02 until 42 days without one have gone by."""
    return lift("f", at, zone, exercise="Squat (Barbell)", outcome="failed_mechanical",
                effort={"scale": "rir", "value": 0})  # fmt: skip


SQUAT = "state, opened_on, resolved_on from alert where rule = 'R02'"
FREE_OF_FAILURE = [
    Case("42-days-with-a-skipped-date", ((APIA, "2011-12-30", 0), (APIA, "2012-02-09", 24)),
         "29 December and 42 dates, the one that was not among them: 9 February, which begins at 10:00Z of the 8th",
         [profile(APIA), failed_squat("2011-12-29T18:00:00", APIA), tick("2012-02-08T10:00:00Z")],
         {SQUAT: [("resolved", "2011-12-29", "2012-02-09")]}),
    Case("42-days-not-over-yet", ((BERLIN, "2026-03-29", 23), (BERLIN, "2026-04-03", 24)),
         "20 February and 42 days is 3 April; 21:59:59Z is still the 2nd in CEST",
         [profile(BERLIN), failed_squat("2026-02-20T18:00:00", BERLIN), tick("2026-04-02T21:59:59Z")],
         {SQUAT: [("open", "2026-02-20", None)]}),
    Case("42-days-over", ((BERLIN, "2026-03-29", 23), (BERLIN, "2026-04-03", 24)), "a second later it is the 3rd",
         [profile(BERLIN), failed_squat("2026-02-20T18:00:00", BERLIN), tick("2026-04-02T22:00:00Z")],
         {SQUAT: [("resolved", "2026-02-20", "2026-04-03")]}),
    Case("gap-with-a-skipped-date", ((APIA, "2011-12-30", 0), (APIA, "2012-01-04", 24)),
         "more than 14 dates without a set: the 15th after 20 December is 4 January, the empty date counted",
         [profile(APIA), lift("a", "2011-12-20T12:00:00", APIA), tick("2012-01-04T12:00:00Z")],
         {"scope, opened_on from alert where rule = 'R21'": [("body:gap", "2012-01-04")]}),
]  # fmt: skip

CASES = [*SKIPPED, *TRAVEL, *TODAY, *WEEKS, *FRESHNESS, *REST, *FREE_OF_FAILURE]

"""Time-zone cases of the body's readings: nights, naps, heart, check-ins, body mass, declared days, wrong clocks."""

from __future__ import annotations

from tests.unit.zone_events import NIGHTS, REFUSED, SETS_A_DAY, Case, event, lift, night, profile, tick

BERLIN, LISBON, LORD_HOWE, TROLL = "Europe/Berlin", "Europe/Lisbon", "Australia/Lord_Howe", "Antarctica/Troll"
KOLKATA, KATHMANDU, KIRITIMATI, APIA = "Asia/Kolkata", "Asia/Kathmandu", "Pacific/Kiritimati", "Pacific/Apia"
NEW_YORK, HONOLULU, AUCKLAND = "America/New_York", "Pacific/Honolulu", "Pacific/Auckland"

SPRING = ("2026-03-29", "2026-03-28 22:00:00", "2026-03-29 05:00:00", 420.0, 400.0, False)
AUTUMN = ("2026-10-25", "2026-10-24 21:00:00", "2026-10-25 06:00:00", 540.0, 500.0, False)
OF_A_DAY = "local_day, sleep_minutes from athlete_day"
BEATS = [1000.0, 1020.0] * 40  # 80.8 s; neighbours differ by 20 ms

NIGHTS_OVER_A_CHANGE = [
    Case("spring-night-with-offsets", ((BERLIN, "2026-03-29", 23),), "23:00+01:00 to 7:00+02:00 are 7 h, not 8",
         [night("n", "2026-03-28T23:00:00+01:00", "2026-03-29T07:00:00+02:00", asleep_min=400.0)],
         {NIGHTS: [SPRING], "efficiency from sleep_fact": [(400 / 420,)], OF_A_DAY: [("2026-03-29", 400.0)]}),
    Case("spring-night-with-zone-name", ((BERLIN, "2026-03-29", 23),), "the same night by wall clock",
         [night("n", "2026-03-28T23:00:00", "2026-03-29T07:00:00", BERLIN, asleep_min=400.0)],
         {NIGHTS: [SPRING], "efficiency from sleep_fact": [(400 / 420,)]}),
    Case("spring-night-with-profile-only", ((BERLIN, "2026-03-29", 23),), "the same night in Z, the place is the profile's",
         [profile(BERLIN), night("n", "2026-03-28T22:00:00Z", "2026-03-29T05:00:00Z", asleep_min=400.0)],
         {NIGHTS: [SPRING], "end_local from sleep_fact": [("2026-03-29 07:00:00",)]}),
    Case("autumn-night-with-offsets", ((BERLIN, "2026-10-25", 25),), "23:00+02:00 to 7:00+01:00 are 9 h",
         [night("n", "2026-10-24T23:00:00+02:00", "2026-10-25T07:00:00+01:00", asleep_min=500.0)],
         {NIGHTS: [AUTUMN], "efficiency from sleep_fact": [(500 / 540,)]}),
    Case("autumn-night-with-zone-name", ((BERLIN, "2026-10-25", 25),), "the same night by wall clock",
         [night("n", "2026-10-24T23:00:00", "2026-10-25T07:00:00", BERLIN, asleep_min=500.0)], {NIGHTS: [AUTUMN]}),
    Case("autumn-night-with-profile-only", ((BERLIN, "2026-10-25", 25),), "the same night in Z, the profile comes later",
         [night("n", "2026-10-24T21:00:00Z", "2026-10-25T06:00:00Z", asleep_min=500.0)],
         {NIGHTS: [AUTUMN], OF_A_DAY: [("2026-10-25", 500.0)]}, later=[profile(BERLIN)]),
    Case("lord-howe-night-of-8-5-h", ((LORD_HOWE, "2026-04-05", 24.5),), "23:00 at +11 (12:00Z) to 7:00 at +10:30 (20:30Z)",
         [night("n", "2026-04-04T23:00:00", "2026-04-05T07:00:00", LORD_HOWE)],
         {NIGHTS: [("2026-04-05", "2026-04-04 12:00:00", "2026-04-04 20:30:00", 510.0, None, False)]}),
    Case("troll-night-of-6-h", ((TROLL, "2026-03-29", 22),), "23:00 at +0 to 7:00 at +2 (05:00Z)",
         [night("n", "2026-03-28T23:00:00", "2026-03-29T07:00:00", TROLL)],
         {NIGHTS: [("2026-03-29", "2026-03-28 23:00:00", "2026-03-29 05:00:00", 360.0, None, False)]}),
    Case("stages-over-the-spring-change", ((BERLIN, "2026-03-29", 23),), "light 1:30 to 3:30 is 60 min, deep to 5:00 is 90",
         [night("n", "2026-03-29T01:00:00", "2026-03-29T05:30:00", BERLIN, stages=[
             {"stage": "awake", "start": "2026-03-29T01:00:00", "end": "2026-03-29T01:30:00"},
             {"stage": "light", "start": "2026-03-29T01:30:00", "end": "2026-03-29T03:30:00"},
             {"stage": "deep", "start": "2026-03-29T03:30:00", "end": "2026-03-29T05:00:00"}])],
         {NIGHTS: [("2026-03-29", "2026-03-29 00:00:00", "2026-03-29 03:30:00", 210.0, 150.0, False)]}),
    Case("stages-in-the-doubled-hour", ((BERLIN, "2026-10-25", 25),), "2:30+02:00 to 2:30+01:00 is an hour asleep",
         [night("n", "2026-10-25T02:00:00+02:00", "2026-10-25T02:45:00+01:00", stages=[
             {"stage": "rem", "start": "2026-10-25T02:30:00+02:00", "end": "2026-10-25T02:30:00+01:00"}])],
         {NIGHTS: [("2026-10-25", "2026-10-25 00:00:00", "2026-10-25 01:45:00", 105.0, 60.0, False)]}),
    Case("night-that-ends-before-it-begins", ((BERLIN, "2026-10-25", 25),), "2:30 and 2:15 by wall clock are the first ones",
         [night("n", "2026-10-25T02:30:00", "2026-10-25T02:15:00", BERLIN)],
         {REFUSED: [(0, "end", "out_of_range")], NIGHTS: []}),
    Case("night-over-a-skipped-date", ((APIA, "2011-12-30", 0), (APIA, "2011-12-31", 24)),
         "22:30 of the 29th (08:30Z) to 6:30 of the 31st (16:30Z) are 8 h",
         [night("n", "2011-12-29T22:30:00", "2011-12-31T06:30:00", APIA, asleep_min=450.0)],
         {NIGHTS: [("2011-12-31", "2011-12-30 08:30:00", "2011-12-30 16:30:00", 480.0, 450.0, False)],
          OF_A_DAY: [("2011-12-31", 450.0)]}),
    Case("middle-of-the-spring-night", ((BERLIN, "2026-03-29", 23),), "the middle of 22:00Z and 05:00Z is 3:30 where one wakes",
         [night("n", "2026-03-28T23:00:00", "2026-03-29T07:00:00", BERLIN, asleep_min=400.0)],
         {"local_day, sleep_midpoint_min from recovery_day": [("2026-03-29", 210.0)]}),
]  # fmt: skip

WAKE_DAYS = [
    Case("night-belongs-to-the-day-of-waking", ((KATHMANDU, "2026-11-20", 24),), "up before, at, and long after midnight",
         [night("a", "2026-11-18T20:00:00", "2026-11-18T23:59:59", KATHMANDU),
          night("b", "2026-11-19T21:00:00", "2026-11-20T00:00:00", KATHMANDU),
          night("c", "2026-11-21T00:30:00", "2026-11-21T08:00:00", KATHMANDU)],
         {"night, end_at from sleep_fact": [("2026-11-18", "2026-11-18 18:14:59"), ("2026-11-20", "2026-11-19 18:15:00"),
                                            ("2026-11-21", "2026-11-21 02:15:00")]}),
    Case("nap-counts-with-its-day", ((LISBON, "2026-03-29", 23),), "nap of 0:30 to 2:30 by the clock is 1 h; 400 + 50 min",
         [night("n", "2026-03-29T05:00:00", "2026-03-29T12:00:00", LISBON, asleep_min=400.0),
          night("p", "2026-03-29T00:30:00", "2026-03-29T02:30:00", LISBON, asleep_min=50.0, nap=True)],
         {"in_bed_minutes, nap from sleep_fact": [(60.0, True), (420.0, False)], OF_A_DAY: [("2026-03-29", 450.0)]}),
    Case("nap-over-midnight", ((KOLKATA, "2026-11-20", 24),), "a nap that ends at 0:20 lies on the day of its end, alone",
         [night("p", "2026-11-19T23:40:00", "2026-11-20T00:20:00", KOLKATA, asleep_min=30.0, nap=True)],
         {NIGHTS: [("2026-11-20", "2026-11-19 18:10:00", "2026-11-19 18:50:00", 40.0, 30.0, True)],
          OF_A_DAY: [("2026-11-20", None)]}),
    Case("night-without-a-place", (("UTC", "2026-11-20", 24),), "in Z and no zone known: kept, on no day",
         [night("n", "2026-11-19T22:00:00Z", "2026-11-20T06:00:00Z", asleep_min=400.0)],
         {NIGHTS: [(None, "2026-11-19 22:00:00", "2026-11-20 06:00:00", 480.0, 400.0, False)], OF_A_DAY: []}),
    Case("night-on-a-plane-west", ((HONOLULU, "2026-11-20", 24), (AUCKLAND, "2026-11-22", 24)),
         "22:00 in Honolulu (08:00Z of the 21st) to 5:00 in Auckland on the 22nd (16:00Z of the 21st)",
         [night("n", "2026-11-20T22:00:00-10:00", "2026-11-22T05:00:00+13:00", asleep_min=420.0)],
         {NIGHTS: [("2026-11-22", "2026-11-21 08:00:00", "2026-11-21 16:00:00", 480.0, 420.0, False)],
          OF_A_DAY: [("2026-11-22", 420.0)]}),
    Case("night-on-a-plane-east", ((AUCKLAND, "2026-11-20", 24), (HONOLULU, "2026-11-20", 24)),
         "22:00 in Auckland (09:00Z) to 7:00 of the same date in Honolulu (17:00Z)",
         [night("n", "2026-11-20T22:00:00+13:00", "2026-11-20T07:00:00-10:00", asleep_min=420.0)],
         {NIGHTS: [("2026-11-20", "2026-11-20 09:00:00", "2026-11-20 17:00:00", 480.0, 420.0, False)]}),
]  # fmt: skip

READINGS = [
    Case("hrv-states-its-night", ((AUCKLAND, "2026-09-27", 23),), "a stated night stands; else the day of the measurement",
         [event("hrv", "night", night="2026-09-27", measured_at="2026-09-26T10:00:00Z", statistic="rmssd", value_ms=60.0,
                context="overnight"),
          event("hrv", "wall", AUCKLAND, measured_at="2026-09-27T02:30:00", statistic="sdnn", value_ms=61.0,
                context="morning"),
          event("hrv", "offset", measured_at="2026-09-26T23:59:59-03:30", statistic="sdnn", value_ms=62.0, context="spot")],
         {"document_id, local_day, measured_at from hrv_fact":
             [("night", "2026-09-27", "2026-09-26 10:00:00"), ("offset", "2026-09-26", "2026-09-27 03:29:59"),
              ("wall", "2026-09-27", "2026-09-26 14:30:00")],
          "local_day, rmssd_ms from athlete_day": [("2026-09-26", None), ("2026-09-27", 60.0)]}),
    Case("resting-heart-rate-needs-no-zone", ((APIA, "2011-12-30", 0), (APIA, "2011-12-31", 24)),
         "a date is taken as it is said, even one that the zone left out",
         [event("resting_heart_rate", "a", day="2011-12-30", bpm=50.0),
          event("resting_heart_rate", "b", day="2011-12-31", bpm=52.0)],
         {"local_day, resting_hr_bpm from resting_heart_rate_fact": [("2011-12-30", 50.0), ("2011-12-31", 52.0)],
          "local_day, resting_hr_bpm from athlete_day": [("2011-12-30", 50.0), ("2011-12-31", 52.0)]}),
    Case("heart-rate-over-the-change", ((BERLIN, "2026-03-29", 23),), "a minute after 1:59:30 CET is 3:00:30 CEST",
         [event("heart_rate", "h", BERLIN, start="2026-03-29T01:59:30", offset_s=[0.0, 60.0], bpm=[60.0, 90.0])],
         {"measured_at, bpm from heart_rate_sample": [("2026-03-29 00:59:30", 60.0), ("2026-03-29 01:00:30", 90.0)],
          SETS_A_DAY: [("2026-03-29", 0)]}),
    Case("heart-rate-lies-on-the-day-it-begins", ((KIRITIMATI, "2026-11-21", 24),), "09:59:30Z is 23:59:30 on the 20th",
         [event("heart_rate", "h", KIRITIMATI, start="2026-11-20T09:59:30Z", offset_s=[0.0, 60.0], bpm=[60.0, 62.0])],
         {SETS_A_DAY: [("2026-11-20", 0)]}),
    Case("beats-over-midnight", ((KOLKATA, "2026-11-20", 24),), "81 s from 23:59:30 lie on the day they begin",
         [event("rr_intervals", "r", KOLKATA, start="2026-11-19T23:59:30", rr_ms=BEATS, context="overnight")],
         {"local_day, measured_at, value_ms from hrv_fact where statistic = 'rmssd'":
             [("2026-11-19", "2026-11-19 18:29:30", 20.0)]}),
    Case("check-ins-at-midnight", ((KATHMANDU, "2026-11-20", 24),), "a second apart, on two days",
         [event("checkin", "a", KATHMANDU, checked_at="2026-11-19T23:59:59", instrument="plain", items={"mood": 4.0}),
          event("checkin", "b", KATHMANDU, checked_at="2026-11-20T00:00:00", instrument="plain", items={"mood": 6.0})],
         {"local_day, checked_at, answer from checkin_fact":
             [("2026-11-19", "2026-11-19 18:14:59", 4.0), ("2026-11-20", "2026-11-19 18:15:00", 6.0)]}),
    Case("check-ins-in-the-doubled-hour", ((NEW_YORK, "2026-11-01", 25),), "1:40 EDT, then 1:10 EST; both on the long day",
         [event("checkin", "a", checked_at="2026-11-01T01:10:00-05:00", instrument="plain", items={"mood": 4.0}),
          event("checkin", "b", checked_at="2026-11-01T01:40:00-04:00", instrument="plain", items={"mood": 6.0})],
         {"checked_at, local_day, answer from checkin_fact":
             [("2026-11-01 05:40:00", "2026-11-01", 6.0), ("2026-11-01 06:10:00", "2026-11-01", 4.0)]}),
    Case("body-mass-of-the-day", ((KIRITIMATI, "2026-11-21", 24),), "weighed at 7:00 of the 21st there, the 20th in UTC",
         [event("body_mass", "a", KIRITIMATI, measured_at="2026-11-20T20:00:00", mass={"value": 80, "unit": "kg"}),
          event("body_mass", "b", KIRITIMATI, measured_at="2026-11-20T17:00:00Z", mass={"value": 90, "unit": "kg"}),
          lift("s", "2026-11-21T00:30:00", KIRITIMATI, exercise="Pull Up", weight={"value": 0, "unit": "kg"}),
          lift("t", "2026-11-20T23:30:00", KIRITIMATI, exercise="Pull Up", weight={"value": 0, "unit": "kg"})],
         {"local_day, body_mass_kg from body_mass_fact": [("2026-11-20", 80.0), ("2026-11-21", 90.0)],
          "local_day, load_kg from set_fact": [("2026-11-20", 80.0), ("2026-11-21", 90.0)]}),
    Case("declared-days-are-dates", ((APIA, "2011-12-30", 0),), "no zone is needed; from and to stay as said",
         [event("declaration", "d", what="travel", from_day="2011-12-29", to_day="2011-12-31")],
         {"what, from_day, to_day from declaration_fact": [("travel", "2011-12-29", "2011-12-31")], SETS_A_DAY: []}),
]  # fmt: skip

EPOCH = "1970-01-01T00:00:05"
WRONG_CLOCKS = [
    Case("clock-at-1970", ((BERLIN, "1970-01-01", 24),), "a device that lost its battery: refused, each kind of event",
         [lift("a", EPOCH, BERLIN), event("session", "b", session="b", start=f"{EPOCH}Z"),
          night("c", f"{EPOCH}Z", "1970-01-01T08:00:05Z"),
          event("heart_rate", "d", start=f"{EPOCH}Z", offset_s=[0.0], bpm=[60.0]),
          event("rr_intervals", "e", start=f"{EPOCH}+14:00", rr_ms=[800.0], context="spot"),
          event("hrv", "f", measured_at=f"{EPOCH}Z", statistic="rmssd", value_ms=60.0, context="morning"),
          event("resting_heart_rate", "g", day="1970-01-01", bpm=50.0),
          event("checkin", "h", checked_at=f"{EPOCH}Z", instrument="plain", items={"mood": 5.0}),
          event("body_mass", "i", measured_at=f"{EPOCH}Z", mass={"value": 80, "unit": "kg"}),
          event("declaration", "j", what="travel", from_day="1970-01-01", to_day="1970-01-02")],
         {REFUSED: [(n, field, "implausible_time") for n, field in enumerate(
             ("performed_at", "start", "start", "start", "start", "measured_at", "day", "checked_at", "measured_at",
              "from_day"))],
          SETS_A_DAY: []}),
    Case("first-instant-that-can-be", ((BERLIN, "1990-01-01", 24),), "1990 begins in UTC: 0:30 in Berlin was still 1989",
         [lift("a", "1990-01-01T00:30:00", BERLIN), lift("b", "1990-01-01T01:00:00", BERLIN)],
         {REFUSED: [(0, "performed_at", "implausible_time")], SETS_A_DAY: [("1990-01-01", 1)]}),
    Case("date-that-was-twice", ((APIA, "1892-07-04", 48),), "the one repeated date of the zone data is before 1990",
         [lift("a", "1892-07-04T12:00:00", APIA)], {REFUSED: [(0, "performed_at", "implausible_time")], SETS_A_DAY: []}),
    Case("clock-in-the-future", ((KIRITIMATI, "2026-11-26", 24),), "received 2026-11-25 00:00Z: 24 h ahead are taken",
         [lift("a", "2026-11-26T00:00:00Z", KIRITIMATI), lift("b", "2026-11-26T14:00:01", KIRITIMATI),
          lift("c", "2099-01-01T00:00:00Z", KIRITIMATI), event("resting_heart_rate", "d", day="2026-11-28", bpm=50.0),
          event("hrv", "e", night="2099-01-01", statistic="rmssd", value_ms=60.0, context="overnight")],
         {REFUSED: [(1, "performed_at", "implausible_time"), (2, "performed_at", "implausible_time"),
                    (3, "day", "implausible_time"), (4, "night", "implausible_time")],
          SETS_A_DAY: [("2026-11-26", 1)]}),
    Case("wrong-clock-of-another", ((LISBON, "2026-11-20", 24),), "ben's watch says 2000 and 2099: ana's days stay hers",
         [lift("a", "2026-11-20T18:00:00", LISBON), lift("b", "2099-11-20T18:00:00", LISBON, athlete="ben"),
          lift("c", "2000-02-29T18:00:00", LISBON, athlete="ben"), tick("2026-11-21T12:00:00Z")],
         {"local_day, sets from athlete_day where athlete_id = 'ana'": [("2026-11-20", 1), ("2026-11-21", 0)],
          "min(local_day) from athlete_day where athlete_id = 'ben'": [("2000-02-29",)],
          REFUSED: [(1, "performed_at", "implausible_time")]}),
]  # fmt: skip

CASES = [*NIGHTS_OVER_A_CHANGE, *WAKE_DAYS, *READINGS, *WRONG_CLOCKS]

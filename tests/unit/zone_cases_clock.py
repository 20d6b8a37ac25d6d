"""Time-zone cases of a clock that changes between a session and the end of a later day, or of the rest it asks for."""

from __future__ import annotations

from tests.unit.zone_events import Case, legs, profile, tick

BERLIN, NEW_YORK, SANTIAGO, AUCKLAND = "Europe/Berlin", "America/New_York", "America/Santiago", "Pacific/Auckland"
LORD_HOWE = "Australia/Lord_Howe"
SPRING, AUTUMN = (BERLIN, "2026-03-29", 23), (BERLIN, "2026-10-25", 25)

LEGS_FRESH = "local_day, freshness from muscle_day where muscle = 'quadriceps' and local_day < "
DAY_ENDS = [
    Case("day-end-after-spring-north", (SPRING,), "18:00 CET (17:00Z) to the end of the 29th at 22:00Z is 29 h, not 30",
         [*legs("s", "2026-03-28T18:00:00", BERLIN), tick("2026-03-31T12:00:00Z")],
         {LEGS_FRESH + "'2026-03-31'": [("2026-03-28", 6 / 48), ("2026-03-29", 29 / 48), ("2026-03-30", 1.0)]}),
    Case("day-end-after-autumn-north", (AUTUMN,), "18:00 CEST (16:00Z) to the end of the 25th, 23:00Z, is 31 h, not 30",
         [*legs("s", "2026-10-24T18:00:00", BERLIN), tick("2026-10-27T12:00:00Z")],
         {LEGS_FRESH + "'2026-10-27'": [("2026-10-24", 6 / 48), ("2026-10-25", 31 / 48), ("2026-10-26", 1.0)]}),
    Case("day-end-after-spring-south", ((AUCKLAND, "2026-09-27", 23),),
         "18:00 at +12 (06:00Z) to the end of the 27th at +13, 11:00Z, is 29 h",
         [*legs("s", "2026-09-26T18:00:00", AUCKLAND), tick("2026-09-29T00:00:00Z")],
         {LEGS_FRESH + "'2026-09-29'": [("2026-09-26", 6 / 48), ("2026-09-27", 29 / 48), ("2026-09-28", 1.0)]}),
    Case("day-end-after-autumn-south", ((AUCKLAND, "2026-04-05", 25),),
         "18:00 at +13 (05:00Z) to the end of the 5th at +12, 12:00Z, is 31 h",
         [*legs("s", "2026-04-04T18:00:00", AUCKLAND), tick("2026-04-07T00:00:00Z")],
         {LEGS_FRESH + "'2026-04-07'": [("2026-04-04", 6 / 48), ("2026-04-05", 31 / 48), ("2026-04-06", 1.0)]}),
    Case("day-end-where-the-evening-is-twice", ((SANTIAGO, "2026-04-04", 25),),
         "24:00 becomes 23:00: the 4th ends at 04:00Z, 31 h after 18:00 of the 3rd (21:00Z)",
         [*legs("s", "2026-04-03T18:00:00", SANTIAGO), tick("2026-04-06T12:00:00Z")],
         {LEGS_FRESH + "'2026-04-06'": [("2026-04-03", 6 / 48), ("2026-04-04", 31 / 48), ("2026-04-05", 1.0)]}),
    Case("day-end-where-midnight-is-not", ((SANTIAGO, "2026-09-06", 23),),
         "0:00 becomes 1:00: the 5th ends at 04:00Z, the 6th at 03:00Z; 18:00 of the 5th is 22:00Z",
         [*legs("s", "2026-09-05T18:00:00", SANTIAGO), tick("2026-09-08T12:00:00Z")],
         {LEGS_FRESH + "'2026-09-08'": [("2026-09-05", 6 / 48), ("2026-09-06", 29 / 48), ("2026-09-07", 1.0)]}),
    Case("day-end-after-half-an-hour", ((LORD_HOWE, "2026-04-05", 24.5),),
         "18:00 at +11 (07:00Z) to the end of the 5th at +10:30, 13:30Z, is 30.5 h",
         [*legs("s", "2026-04-04T18:00:00", LORD_HOWE), tick("2026-04-07T00:00:00Z")],
         {LEGS_FRESH + "'2026-04-06'": [("2026-04-04", 6 / 48), ("2026-04-05", 30.5 / 48)]}),
    Case("day-end-by-the-athletes-zone", (SPRING,), "17:00Z with no place: the profile's zone ends the day",
         [profile(BERLIN), *legs("s", "2026-03-28T17:00:00Z"), tick("2026-03-31T12:00:00Z")],
         {LEGS_FRESH + "'2026-03-31'": [("2026-03-28", 6 / 48), ("2026-03-29", 29 / 48), ("2026-03-30", 1.0)]}),
    Case("day-end-by-the-offset-of-home", (SPRING,), "+01:00 is what Berlin showed: its change is the athlete's",
         [profile(BERLIN), *legs("s", "2026-03-28T18:00:00+01:00"), tick("2026-03-31T12:00:00Z")],
         {LEGS_FRESH + "'2026-03-31'": [("2026-03-28", 6 / 48), ("2026-03-29", 29 / 48), ("2026-03-30", 1.0)]}),
    Case("day-end-by-an-offset-told-before-home", (SPRING,), "the profile comes later, and the day is worked out again",
         [*legs("s", "2026-03-28T18:00:00+01:00"), tick("2026-03-31T12:00:00Z")],
         {LEGS_FRESH + "'2026-03-31'": [("2026-03-28", 6 / 48), ("2026-03-29", 29 / 48), ("2026-03-30", 1.0)]},
         later=[profile(BERLIN)]),
    Case("day-end-by-the-offset-of-elsewhere", ((NEW_YORK, "2026-03-28", 24), SPRING),
         "+01:00 is not New York: a place whose changes nobody told, the 29th ends at 23:00Z",
         [profile(NEW_YORK), *legs("s", "2026-03-28T18:00:00+01:00"), tick("2026-03-31T12:00:00Z")],
         {LEGS_FRESH + "'2026-03-31'": [("2026-03-28", 6 / 48), ("2026-03-29", 30 / 48), ("2026-03-30", 1.0)]}),
    Case("day-end-by-an-offset-alone", (SPRING,), "no zone is known at all: the offset stays",
         [*legs("s", "2026-03-28T18:00:00+01:00"), tick("2026-03-31T12:00:00Z")],
         {LEGS_FRESH + "'2026-03-31'": [("2026-03-28", 6 / 48), ("2026-03-29", 30 / 48), ("2026-03-30", 1.0)]}),
    Case("day-end-by-the-zone-in-force-then", ((BERLIN, "2026-03-29", 23),),
         "New York until the 27th, Berlin from the 28th on: 17:00Z of the 28th is in Berlin",
         [profile(NEW_YORK), profile(BERLIN, "2026-03-28"), *legs("s", "2026-03-28T17:00:00Z"),
          tick("2026-03-31T12:00:00Z")],
         {LEGS_FRESH + "'2026-03-31'": [("2026-03-28", 6 / 48), ("2026-03-29", 29 / 48), ("2026-03-30", 1.0)]}),
]  # fmt: skip

RESTED = "severity, opened_on, resolved_on from alert where rule = 'R06'"
RESTED_ON = [
    Case("rested-on-after-spring-north", (SPRING,), "23:30 CET and 48 h is 0:30 CEST of the 30th; by CET the 29th",
         [*legs("a", "2026-03-27T00:00:00", BERLIN), *legs("b", "2026-03-27T23:30:00", BERLIN),
          tick("2026-03-31T12:00:00Z")],
         {RESTED: [("warning", "2026-03-27", "2026-03-30")]}),
    Case("rested-on-after-autumn-north", (AUTUMN,), "0:30 CEST and 48 h is 23:30 CET of the 25th; by CEST the 26th",
         [*legs("a", "2026-10-23T00:00:00", BERLIN), *legs("b", "2026-10-24T00:30:00", BERLIN),
          tick("2026-10-27T12:00:00Z")],
         {RESTED: [("advice", "2026-10-24", "2026-10-25")]}),
    Case("rested-on-after-spring-south", ((AUCKLAND, "2026-09-27", 23),), "23:30 at +12 and 48 h is 0:30 of the 28th",
         [*legs("a", "2026-09-25T00:00:00", AUCKLAND), *legs("b", "2026-09-25T23:30:00", AUCKLAND),
          tick("2026-09-29T00:00:00Z")],
         {RESTED: [("warning", "2026-09-25", "2026-09-28")]}),
    Case("rested-on-after-autumn-south", ((AUCKLAND, "2026-04-05", 25),), "0:30 at +13 and 48 h is 23:30 of the 5th",
         [*legs("a", "2026-04-03T00:00:00", AUCKLAND), *legs("b", "2026-04-04T00:30:00", AUCKLAND),
          tick("2026-04-07T00:00:00Z")],
         {RESTED: [("advice", "2026-04-04", "2026-04-05")]}),
    Case("rested-on-by-the-offset-of-home", (AUTUMN,), "+02:00 is Berlin's summer time, and it ends in between",
         [profile(BERLIN), *legs("a", "2026-10-23T00:00:00+02:00"), *legs("b", "2026-10-24T00:30:00+02:00"),
          tick("2026-10-27T12:00:00Z")],
         {RESTED: [("advice", "2026-10-24", "2026-10-25")]}),
]  # fmt: skip

CASES = [*DAY_ENDS, *RESTED_ON]

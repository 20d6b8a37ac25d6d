"""Files that are no import, and what to say instead of reading them."""

from __future__ import annotations

import re

from pipeline.errors import RefusedError
from pipeline.sources.csv_reader import open_sheet, to_utf8
from pipeline.sources.json_file import is_json
from pipeline.sources.strong_headers import is_data_row

_SHOWN_COLUMNS = 30
_NUMBER = re.compile(rb"[0-9]{1,5}(?:[.,][0-9]{0,6})?")
_NUMBERS_MIN = 3
_FITBIT_DETAILS = ("timestamp", "rmssd", "coverage")
_READ = "what is read stands in docs/sources.md: exports of loggers and wearables, and the answers of their APIs"

# signature at the beginning of a file -> what it is, why it is not read, what to do
_MAGIC: tuple[tuple[bytes, str, str, str], ...] = (
    (
        b"SQLite format 3\x00",
        "this is a SQLite database, such as a FitNotes backup",
        "backups hold the app's whole state in a form of its own",
        "in FitNotes choose Settings, then Spreadsheet Export, and import that CSV file",
    ),
    (
        b"PK\x03\x04",
        "this is a zip archive",
        "of archives only the export of Apple Health is read, and this holds none",
        "unpack it and import the file inside",
    ),
    (b"%PDF", "this is a PDF document", "it holds pages and no data", "export a CSV file from the app"),
    (
        b"userid=",
        "this is a notification of Withings, not a night",
        "it says that there is something new and does not hold it",
        "fetch `sleep getsummary` and import the answer",
    ),
    (b"<?xml", "this is an XML file of no known format", "of XML files only TCX and GPX recordings are read", _READ),
)
# keys of a JSON file -> the same
_JSON: tuple[tuple[tuple[bytes, ...], str, str, str], ...] = (
    (
        (b'"$schema"', b'"properties"'),
        "this is a JSON schema, not data",
        "it describes how workouts are written and holds none",
        "import the workout logs themselves",
    ),
    (
        (b'"workout_start_time"',),
        "this is the history of one exercise of the Hevy API",
        "it shows single sets without the rest of their workouts and without set numbers, so they would count twice "
        "beside the workouts",
        "fetch `/v1/workouts` or `/v1/workouts/events` and import that, or Hevy's CSV export",
    ),
    (
        (b'"payload"', b'"workoutId"'),
        "this is a notification of Hevy, not a workout",
        "it names a workout and does not hold it",
        "fetch `/v1/workouts/{id}` and import the answer",
    ),
    (
        (b'"exercise_templates"',),
        "this is Hevy's list of exercises",
        "it holds no workouts",
        "fetch `/v1/workouts` and import that",
    ),
    (
        (b'"contributors"', b'"score"', b'"day"'),
        "these are daily scores of Oura, not measurements",
        "a score from 1 to 100 says nothing about minutes or beats",
        "fetch `/v2/usercollection/sleep` and import that",
    ),
    (
        (b'"callbackURL"', b'"userId"'),
        "this is a ping of Garmin Health, not data",
        "it names an address where data can be fetched and holds none",
        "fetch the address and import the answer, or choose push in Garmin's developer portal",
    ),
    (
        (b'"collectionType"', b'"ownerId"'),
        "this is a notification of Fitbit, not data",
        "it names a day that changed and holds none of it",
        "import the account export, or fetch the days from the Google Health API",
    ),
    (
        (b'"healthUserId"', b'"operation"'),
        "this is a notification of the Google Health API, not data",
        "it names times that changed and holds none of their data, so what was deleted in them is not known either",
        "list the data points of these times and import the answer",
    ),
    (
        (b'"rollupDataPoints"',),
        "these are roll-ups of the Google Health API, not measurements",
        "they hold means and extremes over a time",
        "list or reconcile the data points and import that",
    ),
    (
        (b'"exerciseSets"', b'"activityId"'),
        "these are the sets that a Garmin watch counted",
        "they have the watch's guess of the exercise and neither effort nor failure",
        "import the logger's own export of the same workouts",
    ),
    (
        (b'"profiles"', b'"callbackurl"'),
        "this is Withings' list of notifications, not nights",
        "it says where news are sent and holds no reading",
        "fetch `sleep getsummary` and import the answer",
    ),
    (
        (b'"series"', b'"more"', b'"status"'),
        "this answer of Withings holds no nights",
        "its list is empty for the days that were asked for",
        "ask `sleep getsummary` for other days",
    ),
    (
        (b'"score_state"',),
        "these are cycles or workouts of WHOOP, not sleeps or recoveries",
        "they hold strain, energy and totals of heart rate: no sets, no samples, no night",
        "fetch `/v2/activity/sleep` and `/v2/recovery` and import those",
    ),
    (
        (b'"trace_id"', b'"user_id"', b'"type"'),
        "this is a notification of WHOOP, not a record",
        "it names a record and does not hold it",
        "fetch the record it names, such as `/v2/activity/sleep/{id}`, and import the answer",
    ),
    (
        (b'"weight_kilogram"', b'"height_meter"'),
        "these are body measurements of WHOOP",
        "they are the profile's own and say no day",
        "log the body mass with its day, for example as `body_mass` events",
    ),
    (
        (b'"routines"',),
        "these are routines of Hevy, not workouts",
        "they say what is planned, not what was done",
        "fetch `/v1/workouts` and import that",
    ),
)
# columns of a table, in lower case -> the same
_TABLES: tuple[tuple[frozenset[str], str, str, str], ...] = (
    (
        frozenset({"cycle start time", "workout start time", "activity strain"}),
        "these are workouts of WHOOP",
        "they hold strain and totals of heart rate: no sets and no samples",
        "import `physiological_cycles.csv` and `sleeps.csv` of the same export, and the logger's own workouts",
    ),
    (
        frozenset({"cycle start time", "question text", "answered yes"}),
        "this is the journal of WHOOP",
        "its questions are chosen freely and fit no questionnaire",
        "import `physiological_cycles.csv` and `sleeps.csv` of the same export",
    ),
)


def refuse(head: bytes) -> RefusedError:
    """The error for a file that no decoder recognises: what it seems to be, why it is not read, what to do."""
    if not head.strip(b" \t\r\n\x00\xef\xbb\xbf"):
        return RefusedError("the file is empty", "it has nothing to read", "export it again")
    if b"<ClinicalDocument" in head:
        return RefusedError(
            "this is the clinical document of an Apple Health export",
            "it holds the same data in a form for hospitals, without the devices that measured them",
            "import `export.xml`, which lies beside it, or the whole `export.zip`",
        )
    for magic, *told in _MAGIC:
        if head.startswith(magic):
            return RefusedError(*told)
    if is_json(head):
        for keys, *told in _JSON:
            if all(key in head for key in keys):
                return RefusedError(*told)
        return RefusedError("this JSON is of no known format", "it has none of the keys that tell one", _READ)
    words = to_utf8(head)[0].split()
    if len(words) >= _NUMBERS_MIN and all(map(_NUMBER.fullmatch, words)):
        return RefusedError(
            "this is a list of numbers, such as RR intervals, without a time",
            "it says neither when they were measured nor in which unit",
            "send them as an `rr_intervals` event with `start`, `rr_ms` in milliseconds and `context`: see "
            "docs/contract.md",
        )
    sheet = open_sheet(head)
    if sheet is None or not all(name.isprintable() for name in sheet.header):
        return RefusedError("the file's format is not known", "it is no table and carries no known signature", _READ)
    if sheet.header[:3] == _FITBIT_DETAILS:
        return RefusedError(
            "these are the five-minute HRV values of a Fitbit export",
            "the night's own RMSSD stands for them",
            "import the files `Daily Heart Rate Variability Summary` beside them",
        )
    if is_data_row(sheet.header):
        return RefusedError(
            "this Strong export has no header line",
            "some versions of the Android app leave it out, and without it the columns would be guessed",
            "export again with the current version, or copy the header line of another export on top",
        )
    columns = {name.casefold() for name in sheet.header}
    for needed, *told in _TABLES:
        if needed <= columns:
            return RefusedError(*told)
    names = ", ".join(name or "(blank)" for name in sheet.header[:_SHOWN_COLUMNS])
    return RefusedError(
        "the file's header line is not known", f"its columns are: {names}", f"export in English; {_READ}"
    )

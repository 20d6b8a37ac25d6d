"""Why a row of a file is ignored: the word in reports and in the view ``ignored``, and what it means.

An ignored row is no mistake of anybody: there is nothing to correct, unlike in a rejected one.
"""

from __future__ import annotations

from typing import Literal

IgnoredReason = Literal[
    "about_the_connection",
    "clock_changed",
    "cycle_totals",
    "day_unknown",
    "empty_row",
    "exercise_totals",
    "five_minute_values",
    "header_row",
    "no_exercise",
    "no_reading",
    "no_strength_set",
    "not_scored",
    "note_row",
    "notification",
    "other_data",
    "planned_set",
    "rest_timer",
    "rest_without_sleep",
    "scale_of_four_steps",
    "score_pending",
    "sleep_without_times",
    "statistic_of_a_time",
    "workout_totals",
    "workout_without_sets",
]

IN_WORDS: dict[IgnoredReason, str] = {
    "about_the_connection": "it is about the connection to the vendor, not about the body",
    "clock_changed": "it is keyed by a clock that was changed in that night, so its times are not certain",
    "cycle_totals": "it holds strain and totals of a day, no measurement",
    "day_unknown": "a value of a day, and the file does not say which day it is where it was measured",
    "empty_row": "the row is empty",
    "exercise_totals": "a workout with totals only: no sets, and no samples of heart rate",
    "five_minute_values": "values of parts of a night; the value of the whole night stands for them",
    "header_row": "the header line again",
    "no_exercise": "a set without exercise and repetitions, as of yoga",
    "no_reading": "it holds no value that is read, as a night or a day on which nothing was measured",
    "no_strength_set": "a set of cardio or a pose, no strength training",
    "not_scored": "a record that the vendor could not work out, so it has no values",
    "note_row": "a note; it is kept with its workout",
    "notification": "a message that something is new, which does not hold it",
    "other_data": "data of a kind that no model reads",
    "planned_set": "a set that was planned and not done",
    "rest_timer": "a rest between sets",
    "rest_without_sleep": "a rest in which no sleep was found",
    "scale_of_four_steps": "answers on a scale of four steps, which no questionnaire here has",
    "score_pending": "a record that the vendor has not worked out yet; a later export has it",
    "sleep_without_times": "a duration of sleep without its begin and end",
    "statistic_of_a_time": "a mean or an extreme of a time, no measurement at a time",
    "workout_totals": "a workout with totals only: no sets, and no samples of heart rate",
    "workout_without_sets": "a workout without sets, as watches record it; the logger's own export has them",
}

"""The demo gym: who trains there, what each log shows, and which rules must and must not speak."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from pipeline.demo import changes, extras, mornings
from pipeline.demo.gym import Calendar, Change, Member, Sent, sent, workouts
from pipeline.demo.lifts import (
    BARBELL,
    CALISTHENICS,
    FULL_BODY,
    GUIDELINE,
    ONE_SIDED,
    PUSH_PULL_LEGS,
    UPPER_LOWER,
    TrainingDay,
    Week,
)

SET_RULES = frozenset({"R01", "R02", "R03", "R04", "R05", "R06"})
QUIET = SET_RULES | {"R19", "R20"}
RECOVERY_RULES = frozenset({"R12", "R13", "R15", "R17", "R18"})  # R14 finds ordinary weeks too, and is info
NOBODY_LOGGED = SET_RULES - {"R06"}


@dataclass(frozen=True, slots=True)
class Story:
    """A member and what their log shows.

    ``expects``: rules with at least one alert by the end; ``silent``: rules that never speak.
    """

    member: Member
    shows: str
    expects: frozenset[str] = frozenset()
    silent: frozenset[str] = frozenset()
    change: Change | None = None
    upload: extras.Upload | None = None
    extra: tuple[extras.Extra, ...] = ()

    @property
    def athlete(self) -> str:
        return self.member.athlete

    def events(self, calendar: Calendar) -> Iterator[Sent]:
        """Everything this member's apps send; each with the moment it is uploaded, in no particular order."""
        yield extras.profile(self.member, calendar)
        for extra in self.extra:
            yield from extra(self.member, calendar)
        for workout in workouts(self.member, calendar, self.change):
            yield from self.upload(self.member, workout, calendar) if self.upload else sent(self.member, workout)


def _rules(names: str) -> frozenset[str]:
    return frozenset(names.split())


def _chest_again(week: Week) -> Week:
    first = week[0]
    again = TrainingDay(first.offset + 1, first.start.replace(hour=18), "Chest again", first.lifts[:3])
    return (first, again, *week[1:])


def stories() -> list[Story]:
    """All members of the gym."""
    return [*_alerted(), *_quiet(), *_logging(), *_measured()]


def _alerted() -> list[Story]:
    return [
        Story(
            Member("ben", "Ben Okafor", PUSH_PULL_LEGS, strength=1.2),
            "three of four curl sets to failure, every pull day",
            _rules("R01"),
            _rules("R02 R03 R04 R05 R06 R20"),
            changes.curls_to_failure,
        ),
        Story(
            Member("carla", "Carla Moretti", BARBELL, level="advanced", zone="Europe/Rome", strength=0.9),
            "fails the last squat and the last deadlift every other week",
            _rules("R02"),
            _rules("R01 R03 R04 R05 R06 R20"),
            changes.heavy_grinder,
        ),
        Story(
            Member("xenia", "Xenia Papadaki", BARBELL, zone="Europe/Athens", scale="rpe", strength=0.7),
            "form breaks in the last overhead press",
            _rules("R02"),
            _rules("R01 R03 R04 R05 R06 R20"),
            changes.shaky_press,
        ),
        Story(
            Member("dimitri", "Dimitri Sokolov", FULL_BODY, level="beginner", strength=0.6),
            "a beginner who takes sets to failure",
            _rules("R05"),
            _rules("R01 R02 R03 R04 R06 R20"),
            changes.eager_beginner,
        ),
        Story(
            Member("elif", "Elif Demir", _chest_again(PUSH_PULL_LEGS), zone="Europe/Istanbul", strength=0.7),
            "trains chest again the next day",
            _rules("R06"),
            _rules("R01 R02 R03 R04 R05 R20"),
        ),
        Story(
            Member("farid", "Farid Rahimi", UPPER_LOWER, log="workouts", level="advanced"),
            "goes all out in the first set of lateral raises",
            _rules("R03"),
            _rules("R01 R02 R04 R05 R20"),
            changes.first_set_failed,
        ),
        Story(
            Member("greta", "Greta Hoffmann", PUSH_PULL_LEGS, level="advanced", strength=0.8),
            "leaves nothing in reserve on bench press and rows",
            _rules("R04"),
            _rules("R01 R02 R03 R05 R06 R20"),
            changes.no_reserve_on_compounds,
        ),
        Story(
            Member("vera", "Vera Novak", PUSH_PULL_LEGS, level="advanced", scale="rpe", zone="Europe/Prague"),
            "every curl at RPE 10, no failed repetition reported",
            _rules("R01"),
            _rules("R02 R03 R04 R05 R06 R20"),
            changes.everything_at_rpe_10,
        ),
        Story(
            Member("noah", "Noah Brandt", GUIDELINE, level="advanced", deloads=False),
            "has a plan and does something else: unplanned failure, missing exercises",
            _rules("R04 R19"),
            _rules("R01 R02 R03 R05 R20"),
            changes.plan_broken,
            extra=(extras.guideline_plan,),
        ),
        Story(
            Member("umar", "Umar Siddiqui", PUSH_PULL_LEGS, times="utc", zone="Europe/London", strength=1.1),
            "a quarter more on the leg press from one session to the next",
            _rules("R20"),
            SET_RULES,
            changes.one_big_jump,
        ),
        Story(
            Member("yusuf", "Yusuf Adeyemi", PUSH_PULL_LEGS, zone="Africa/Lagos", strength=1.2),
            "doubles the number of sets in the last two weeks",
            frozenset(),
            SET_RULES - {"R06"},
            changes.more_and_more,
        ),
        Story(
            Member("rosa", "Rosa Delgado", PUSH_PULL_LEGS, zone="Europe/Madrid", strength=0.7),
            "one day of failed curls arrives three weeks late",
            _rules("R01"),
            _rules("R02 R03 R04 R05 R06 R20"),
            changes.one_bad_pull_day,
            extras.uploaded_late,
        ),
        Story(
            Member("amir", "Amir Haddad", PUSH_PULL_LEGS, zone="Asia/Beirut"),
            "fails every set on a machine no catalogue knows",
            _rules("R01"),
            _rules("R02 R03 R04 R05 R20"),
            changes.tower_to_failure,
        ),
    ]


def _quiet() -> list[Story]:
    return [
        Story(
            Member("ana", "Ana Lindqvist", UPPER_LOWER, level="advanced", zone="Europe/Stockholm", strength=0.9),
            "trains as planned: one to two repetitions in reserve, a lighter week every fifth",
            silent=QUIET,
        ),
        Story(
            Member("zoe", "Zoe Laurent", PUSH_PULL_LEGS, level="advanced", zone="Europe/Paris", strength=0.8),
            "failure weeks and lighter weeks in turn, last sets of isolation lifts only",
            silent=QUIET,
            change=changes.failure_weeks,
        ),
        Story(
            Member("mina", "Mina Park", GUIDELINE, level="advanced", log="workouts", deloads=False, strength=0.6),
            "follows the sample plan to the letter",
            silent=QUIET,
            change=changes.plan_followed,
            extra=(extras.guideline_plan,),
        ),
        Story(
            Member("jonas", "Jonas Weber", PUSH_PULL_LEGS, level="advanced", strength=1.1),
            "drop sets after the last set; they belong to it and are not sets of their own",
            silent=QUIET,
            change=changes.drop_sets,
        ),
        Story(
            Member("keiko", "Keiko Tanaka", ONE_SIDED, zone="Asia/Tokyo", strength=0.7),
            "left and right logged as rows of one set",
            silent=QUIET,
        ),
        Story(
            Member("lars", "Lars Nygaard", CALISTHENICS, zone="Europe/Oslo"),
            "bodyweight, assisted and timed work, with body mass once a week",
            silent=QUIET,
            extra=(extras.weighed,),
        ),
    ]


def _logging() -> list[Story]:
    return [
        Story(
            Member("hugo", "Hugo Silva", UPPER_LOWER, zone="Europe/Lisbon", log="workouts", times="wall"),
            "never writes down effort, so nothing is said about failure",
            _rules("R21"),
            NOBODY_LOGGED | {"R19", "R20"},
            changes.no_effort,
        ),
        Story(
            Member("ida", "Ida Kowalska", PUSH_PULL_LEGS, level="advanced", zone="Europe/Warsaw", strength=0.7),
            "marks sets as failed and writes two repetitions in reserve beside them",
            _rules("R21"),
            _rules("R01 R02 R03 R04 R05 R20"),
            changes.failure_with_reserve,
        ),
        Story(
            Member("olga", "Olga Petrova", UPPER_LOWER, zone="Europe/Riga", strength=0.8),
            "logs nothing for four weeks",
            _rules("R21"),
            SET_RULES,
            changes.four_weeks_off,
        ),
        Story(
            Member("pedro", "Pedro Alvarez", UPPER_LOWER, zone="Europe/Madrid", times="wall"),
            "two weeks in New York; every day stays the local one",
            silent=QUIET,
            change=changes.in_new_york,
            extra=(extras.travel,),
        ),
        Story(
            Member("quinn", "Quinn Murphy", UPPER_LOWER, zone="Europe/Dublin", revision=True),
            "typing errors and doubled sets, put right the next day",
            silent=QUIET,
            upload=extras.corrected,
        ),
        Story(
            Member("sven", "Sven Eriksson", UPPER_LOWER, zone="Europe/Stockholm", strength=1.1),
            "phone and watch log the same visits; they count once",
            silent=QUIET | {"R21"},
            upload=extras.two_apps,
        ),
        Story(
            Member("tara", "Tara Singh", UPPER_LOWER, zone="Europe/London", strength=0.8),
            "switches the app from kilograms to pounds",
            silent=QUIET,
            upload=extras.pounds_later,
        ),
        Story(
            Member("will", "Will Thompson", UPPER_LOWER, zone="Europe/London", named_sessions=False),
            "an app without sessions: sets are grouped by the gaps between them",
            silent=QUIET,
        ),
        Story(
            Member("cato", "Cato Visser", CALISTHENICS, zone="Europe/Amsterdam", level=None),
            "an app that sends some events nobody can read",
            silent=QUIET,
            extra=(extras.careless,),
        ),
    ]


def _measured() -> list[Story]:
    """Members with a ring and a check-in each morning."""
    return [
        Story(
            Member("pia", "Pia Lindgren", UPPER_LOWER, zone="Europe/Stockholm", strength=0.8),
            "sleeps, feels and trains as usual",
            silent=QUIET | RECOVERY_RULES,
            extra=(mornings.mornings(),),
        ),
        Story(
            Member("oscar", "Oscar Lund", UPPER_LOWER, zone="Europe/Copenhagen"),
            "three weeks of short, restless nights and low mood",
            _rules("R12 R13"),
            _rules("R15 R18"),
            extra=(mornings.mornings(mornings.SLEEPS_BADLY),),
        ),
        Story(
            Member("ines", "Ines Ferreira", UPPER_LOWER, zone="Europe/Lisbon", strength=0.7),
            "heart rate up and HRV down for three weeks, and feels fine",
            _rules("R14 R15"),
            _rules("R12 R13 R17 R18"),
            extra=(mornings.mornings(mornings.RUN_DOWN),),
        ),
        Story(
            Member("marek", "Marek Zielinski", UPPER_LOWER, zone="Europe/Warsaw", strength=1.1),
            "worse nights, answers and heart signals at once",
            _rules("R12 R13 R14 R15 R17"),
            _rules("R18"),
            extra=(mornings.mornings(mornings.WORN_OUT),),
        ),
        Story(
            Member("leni", "Leni Bauer", UPPER_LOWER, zone="Europe/Vienna", strength=0.6),
            "the ring stayed in a drawer in the last nights, so nobody says that all is well",
            silent=QUIET | RECOVERY_RULES,
            extra=(mornings.mornings(ring_off=True),),
        ),
    ]

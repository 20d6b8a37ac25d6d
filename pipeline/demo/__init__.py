"""A made-up gym with known stories and three real training logs, loaded through the ordinary doors."""

from pipeline.demo.gym import Calendar
from pipeline.demo.load import DemoReport, load
from pipeline.demo.stories import Story, stories

__all__ = ["Calendar", "DemoReport", "Story", "load", "stories"]

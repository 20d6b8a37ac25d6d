"""Made-up athletes whose true state is known: months of canonical events, and labels (docs/synthetic.md)."""

from pipeline.synthetic.athlete import Athlete, live_through
from pipeline.synthetic.events import events
from pipeline.synthetic.labels import Label, label_of
from pipeline.synthetic.stories import STORIES
from pipeline.synthetic.write import Written, athletes, write

__all__ = ["STORIES", "Athlete", "Label", "Written", "athletes", "events", "label_of", "live_through", "write"]

"""Alerts on their way to people: from the outbox to the channels of a gym, each revision once under its id."""

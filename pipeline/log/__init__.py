"""The record: append and read."""

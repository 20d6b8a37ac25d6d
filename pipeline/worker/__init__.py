"""Applies batches of the log to a shard."""

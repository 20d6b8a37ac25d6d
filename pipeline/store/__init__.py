"""The shard: the only room that opens DuckDB."""

"""``make bench-peers``: Spotter's worker beside other ways from Kafka into DuckDB, on one broker, topic and payload."""

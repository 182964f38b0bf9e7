"""Redis: wake-ups and live notifications. Everything sent here is a hint; what is true stands in PostgreSQL and Kafka."""

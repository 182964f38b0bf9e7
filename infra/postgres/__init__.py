"""PostgreSQL: connection pools, the runtime's tables, and migrations found folder by folder."""

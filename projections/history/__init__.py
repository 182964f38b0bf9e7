"""leads.events -> history -> PostgreSQL: every record of the log, found by lead."""

"""leads.events -> lead_list -> PostgreSQL: every lead as it stands, in a normalised schema."""

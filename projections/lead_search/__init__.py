"""leads.events -> lead_search -> PostgreSQL -> OpenSearch: leads found by what people type."""

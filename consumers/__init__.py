"""Who decides: each folder is a consumer of one topic that stands alone (identity and leads are the floor)."""

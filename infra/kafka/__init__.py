"""The runtime of the log: folds and projections, written once against three ports (log, store, clock)."""

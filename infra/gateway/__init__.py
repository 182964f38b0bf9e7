"""The way in and out over HTTP: one FastAPI app, problem details, probes, docs, the dashboard and the live stream."""

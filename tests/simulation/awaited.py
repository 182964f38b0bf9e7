"""Repairs that the runtime still waits for. Each name switches off what would only find the same thing again; empty when all are made."""

OPEN: frozenset[str] = frozenset({"gap", "deaf", "null header", "buried twice", "resent time", "timer id", "timer poison"})

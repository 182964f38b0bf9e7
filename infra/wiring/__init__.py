"""Puts the pieces together: finds consumers, projections and endpoints by folder, and runs them as processes."""

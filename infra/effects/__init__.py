"""The gate through which every side effect passes, and the worker that performs what passed."""

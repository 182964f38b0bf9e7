"""Figures of Leadflow beside what a user would pick instead, on the same servers, in the same run: `make bench`.

Absolute figures vary with the machine and with what else runs on it; only ratios of one run count.
"""

"""The demo: a fictional company, the people who write to it, and how they get in through the real intake.

Everything but `seeding` is pure and a function of its seed. All addresses stand under reserved names (.example), all telephone
numbers in ranges that regulators keep for fiction.
"""

"""What travels on the bus: topics, the envelope, submissions, commands and facts.

Everything imports this package and it imports nothing of ours. No I/O, no clock.
"""

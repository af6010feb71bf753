"""The generating processes: viewers as Locust users, let in on schedule.

Started by `load.run` through Locust's own command with `locustfile.py`, never imported by the judging process:
Locust patches the standard library for gevent as it is imported.
"""

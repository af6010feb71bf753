"""The generating processes: viewers as Locust users, let in on schedule.

`pass_harness.load.run` starts them through Locust's own command with `locustfile.py`. The judging process never
imports this package: Locust patches the standard library for gevent as it is imported.
"""

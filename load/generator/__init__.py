"""The generating processes: viewers as Locust users, started on schedule.

`pass_harness.load.run` starts them through Locust's command with `locustfile.py`. The judging process never imports
this package, because Locust patches the standard library for gevent on import.
"""

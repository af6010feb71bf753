"""The benchmark of the mock: relative to bare apps, by store and number of workers, and relative to other mocks."""

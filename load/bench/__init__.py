"""The benchmark of the mock: against bare apps, by store and workers, and beside other mocks."""

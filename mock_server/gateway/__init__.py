"""The path of a request from arrival to the journal: recognition, rate limit, checks, faults, answer."""

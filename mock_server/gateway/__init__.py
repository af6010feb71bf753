"""The request pipeline, from arrival to the journal: recognition, rate limit, checks, faults, answer."""

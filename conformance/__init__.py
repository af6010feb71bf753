"""Checks that any Programmer Service follows Adobe Pass rules of polling, caching, retrying and headers."""

"""Handlers of the endpoints of Adobe Pass, one module per API family: parse, call the domain, respond."""

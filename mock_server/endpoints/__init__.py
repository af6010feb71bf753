"""The endpoints of Adobe Pass, one file per API family: parse, call the domain, respond."""

"""A mock of Adobe Pass Authentication: the DCR and REST API V2 endpoints, with a control API."""

"""Adobe Pass on the wire: errors, headers, JSON models, enumerations and the rate limit."""

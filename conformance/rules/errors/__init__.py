"""Rules of errors: what is done when Adobe Pass refuses."""

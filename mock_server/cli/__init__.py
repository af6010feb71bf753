"""The command line of pass-mock."""

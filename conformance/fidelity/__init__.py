"""Fidelity: recorded answers of Adobe Pass, compared with what the mock would answer (`pass-mock compare`)."""

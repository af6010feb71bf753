"""The history of runs: a small record of each run in a folder, and what the records show together."""

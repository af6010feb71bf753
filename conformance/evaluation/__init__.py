"""Evaluation: rules see observations, outcomes become verdicts, findings get fingerprints."""

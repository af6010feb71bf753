"""Evaluation: shows observations to rules, turns outcomes into verdicts, gives findings fingerprints."""

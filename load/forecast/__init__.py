"""Forecasts of load: the calls of any audience to Adobe Pass, simulated from the habits in a small trace."""

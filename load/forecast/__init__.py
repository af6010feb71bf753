"""Forecasts: what an audience of any size will ask of Adobe Pass, simulated from what a small one was seen to ask."""

"""Reports: what a judgement found, as JSON and for people."""

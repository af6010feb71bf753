"""Behaviours: match, effect and lifetime. Every deviation from the mock's defaults is one."""

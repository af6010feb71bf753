"""The ledger: every requirement of Adobe's documents, its citation, and the rules that check it."""

"""The journal: exchanges, their masking, and the files and archives made of them."""

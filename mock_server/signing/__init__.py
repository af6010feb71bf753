"""RSA keys, and the access tokens, software statements and media tokens that they sign."""

"""RSA keys and what they sign: access tokens, software statements, media tokens."""

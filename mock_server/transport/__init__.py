"""The only package that uses internals of uvicorn and httptools."""

"""Reports of load tests: JSON, HTML, Markdown and text."""

"""Reports: the results of a run as JSON, text, HTML, Markdown, JUnit and SARIF."""

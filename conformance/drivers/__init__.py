"""How verbs reach the service under test."""

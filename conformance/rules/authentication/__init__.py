"""Rules of the authentication phase: sessions, polling, profiles."""

"""The journal of exchanges: storage, masking of secrets, record files and HAR archives."""

"""TLS 1.3 and nothing older: contexts from PEM texts, and certificates for a machine of one's own."""

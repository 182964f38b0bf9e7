"""Mails to leads and owners, asked of the gate."""

"""Replies and bounces to mail that we sent, read from a mailbox by IMAP -> mailbox -> leads.activities."""

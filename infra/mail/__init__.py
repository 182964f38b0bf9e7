"""Mail: templates, messages, and the performer that hands them to an SMTP server."""

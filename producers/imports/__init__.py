"""CSV files -> leads.submissions, in the background: every row is a submission, quiet unless asked otherwise."""

"""Documents: versioned rules, templates, teams. Drafted and published here, put into the log by a job, decided by in folds."""

"""Reading a form that nobody described: its fields, what their names mean, what their values look like."""

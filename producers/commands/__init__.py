"""What people ask of a lead: edit, note, tag, plan a task, assign, move along, erase; also of many at once."""

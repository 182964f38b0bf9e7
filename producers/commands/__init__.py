"""What people ask of a lead: edit, note, tag, plan a task, assign, move along, erase, let in again; also of many at once."""

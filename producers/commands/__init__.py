"""What people ask of a lead: edit, note, assign, move along, erase."""

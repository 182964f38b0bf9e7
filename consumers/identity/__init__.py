"""Who someone is: claims identifiers, and turns submissions into commands about a lead."""

"""Points for leads, with a receipt that adds up."""

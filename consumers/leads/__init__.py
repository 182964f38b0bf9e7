"""What a lead is: the writer of facts."""

"""For analysts: read the log as it is, and build read models anew from it. Nothing here acts on the world."""

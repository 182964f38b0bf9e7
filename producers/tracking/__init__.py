"""Page views of visitors who agreed -> tracking -> leads.activities: the snippet in other people's pages, and what it tells."""

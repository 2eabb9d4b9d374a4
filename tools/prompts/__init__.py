"""Makes the recordings that the repository carries. Nothing here runs during a call."""

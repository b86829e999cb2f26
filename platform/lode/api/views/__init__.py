"""The views of the API: thin, one call each."""
